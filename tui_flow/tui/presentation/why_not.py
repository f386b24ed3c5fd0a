"""Why a key does nothing here and now: what the palette says of it, and the key itself where nothing else is said."""

from collections.abc import Sequence

from tui_flow.tui.actions import Action
from tui_flow.tui.presentation.address import VIEWS

_WHY = {
    "open": "there is nothing to open",
    "run": "there is no flow here that could run",
    "run_with": "there is no flow here that takes parameters",
    "rerun": "there is no run to run again",
    "rerun_with": "there is no run to run again",
    "cancel": "nothing is active here",
    "kill": "nothing is active here",
    "answer": "this run does not wait for an answer",
    "edit": "no file belongs to this row",
    "pause": "this flow has no schedule",
    "skip": "only a fire time to come can be skipped",
    "backfill": "this row has no fire times to fill",
    "ack": "there is nothing to acknowledge",
    "mute": "there is no flow to mute",
    "note": "no alert is about this row",
    "filter": "there is nothing to filter",
    "later": "there is no time axis here",
    "earlier": "there is no time axis here",
    "scale_up": "there is no time axis here that shows less",
    "scale_down": "there is no time axis here that shows more",
    "previous_month": "the month is not shown",
    "next_month": "the month is not shown",
    "next_hit": "nothing has been found",
    "previous_hit": "nothing has been found",
    "next_run": "nothing has been found",
    "previous_run": "nothing has been found",
    "fold": "there is nothing to fold",
    "unfold": "there is nothing to unfold",
    "fold_all": "there is nothing to fold",
    "regroup": "nothing has been found",
    "code": "no code has run here yet",
    "diff": "no run has begun here yet",
    "copy": "there is nothing to copy",
    "pager": "there is no log to read",
    "older": "there is no run here",
    "newer": "there is no run here",
    "next_error": "the log has no error, and no search is open",
    "previous_error": "the log has no error, and no search is open",
    "follow": "the run is over, so its log does not grow",
    "follow_task": "the run is over, so no task runs",
    "artifacts": "this run has no artifacts",
}
NOT_NOW = "not now"
_PLACES = {
    "flows": "Flows", "runs": "Runs", "logs": "Logs", "schedule": "Schedule", "alerts": "Alerts", "run": "a run",
    "tree": "a run's tasks", "log": "a run's log", "rows": "lists of flows, runs and alerts", "list": "lists", "app": "a view", "views": "the five views",
    "form": "a form", "palette": "the help and the commands",
}  # fmt: skip


def why_not(id: str) -> str:
    """Why an action would do nothing."""
    return _WHY.get(id, NOT_NOW)


def where_it_works(actions: Sequence[Action]) -> str:
    """ "works in Flows, Alerts and a run only"."""
    found = dict.fromkeys(action.where for action in actions)
    if found.keys() >= set(VIEWS):
        found = dict.fromkeys(["views", *(where for where in found if where not in VIEWS)])
    *places, last = (_PLACES.get(where, where) for where in found)
    return f"works in {', '.join(places)}{' and ' if places else ''}{last} only"


def moved(shown: str, action: Action, now: str) -> str:
    """What is said of a key that means nothing here since somebody gave its action another, `now`."""
    return f"{shown} does nothing here: {now} does that ({action.help})"


def unbound(shown: str, others: Sequence[Action], keys: str = "?") -> str:
    """What is said of a key that means nothing here; `others` is what it means elsewhere, and `keys` the key that shows all."""
    if not others:
        return f"{shown} does nothing; {keys} shows the keys"
    helps = {action.help for action in others}
    what = f" ({helps.pop()})" if len(helps) == 1 else ""
    return f"{shown} {where_it_works(others)}{what}"
