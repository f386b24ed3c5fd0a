"""All that can be done from where somebody is: the palette's and the help's entries."""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.dom import DOMNode

from tui_flow.store.records import FlowRun
from tui_flow.tui import saved_views
from tui_flow.tui.actions import ACTIONS, ALONE, Action
from tui_flow.tui.flow_offers import flow_offers, why_read_only
from tui_flow.tui.presentation import alert_about, alert_list, times
from tui_flow.tui.presentation.address import Address
from tui_flow.tui.presentation.glyphs import role
from tui_flow.tui.presentation.palette import Offer
from tui_flow.tui.presentation.why_not import where_it_works, why_not
from tui_flow.tui.screens.view import View

if TYPE_CHECKING:
    from tui_flow.tui.app import Console
    from tui_flow.tui.screens.form import FormScreen

_FOR_KEYS = ("list.", "app.commands", "app.step_back", "app.next_pane", "app.previous_pane")
"""Moving about is for keys; the palette lists it as help only."""
MOST_RUNS = 100
"""Of the last runs, so many are listed."""


def offers_of(console: "Console", view: View) -> list[Offer]:
    """What the palette offers: what can be done here, everywhere, with each flow, run, alert and saved view, and what
    could be done elsewhere."""
    return [
        *(
            offer._replace(kind="help") if offer.name.startswith(_FOR_KEYS) else offer
            for offer in actions_of(console, view)
        ),
        _restart(console),
        *flow_offers(console, view.flow_in_hand()),
        *_run_offers(console),
        *_alert_offers(console),
        *_view_offers(console),
        *_elsewhere(console, view),
    ]


def offers_of_help(console: "Console", view: View) -> list[Offer]:
    """Every key that works here, and to be found by its name what works elsewhere."""
    return [*actions_of(console, view), *_elsewhere(console, view)]


def actions_of(console: "Console", view: View) -> list[Offer]:
    """Every key that works here, those of the place first."""
    places = sorted(view.places(), key=lambda place: (place == "app", place == "list", place == "rows"))
    idle, refused = view.useless(), view.refused()
    read_only, nodes = why_read_only(console), _nodes(console, view)

    def offer(action: Action) -> Offer:
        act = partial(_run, console, nodes, action)
        why = read_only if action.id in refused else why_not(action.id) if action.id in idle else ""
        # Whoever chooses it hears from the view why, which knows best.
        return _offer(console, action, act).unless(why, console.say)._replace(act=act)

    return [offer(action) for place in places for action in ACTIONS if action.where == place]


def offers_of_form(console: "Console", form: "FormScreen") -> list[Offer]:
    """Every key of the form for parameters that does something now, but for moving about."""
    left = {*form.useless(), "next_field", "commands"}
    return [
        _offer(console, action, partial(_run, console, [form], action))
        for action in ACTIONS
        if action.where == "form" and action.id not in left
    ]


def _offer(console: "Console", action: Action, act: Any, kind: str = "action") -> Offer:
    title, key = (
        action.help[:1].upper() + action.help[1:],
        console.keymap.shown(action, console.paint.marks.ascii),
    )
    return Offer(kind, title, "", key, act, name=action.name, words=action.words)


def _nodes(console: "Console", view: View) -> Sequence[DOMNode]:
    """Who is asked to act, in the order in which keys are heard."""
    focused = view.focused
    return [*(focused.ancestors_with_self if focused else [view]), console]


async def _run(console: "Console", nodes: Sequence[DOMNode], action: Action) -> None:
    method = f"action_{action.id.partition('(')[0]}"
    node: Any = next((node for node in nodes if hasattr(node, method)), console)
    await console.run_action(action.id, node)


def _restart(console: "Console") -> Offer:
    offer = Offer(
        "action",
        "Restart the engine",
        "it stays until it is stopped",
        "",
        console.restart_engine,
        "dim",
        words="start",
    )
    return offer.unless(why_read_only(console) or ("" if console.needs_restart else "it runs"), console.say)


def _elsewhere(console: "Console", view: View) -> Iterator[Offer]:
    """The actions that there are in other places only."""
    known = {action.id for action in ACTIONS if action.where in view.places()}
    others: dict[str, list[Action]] = {}
    for action in ACTIONS:
        if action.id not in known and action.where not in ALONE:
            others.setdefault(action.id, []).append(action)
    for same in others.values():
        offer = _offer(console, same[0], None, "elsewhere")
        yield offer.unless(f"it {where_it_works(same)}", console.say)


def _run_offers(console: "Console") -> Iterator[Offer]:
    runs: list[FlowRun] = sorted(
        (run for found in console.overview.runs.values() for run in found), key=lambda run: -run.id
    )
    marks, now = console.paint.marks, time.time()
    for run in runs[:MOST_RUNS]:
        about = f"{marks.glyph(run.state)} {run.flow}  {times.moment(run.created_at, now)}"
        yield Offer(
            "run", f"Open run {run.id}", about, "", partial(console.open_run, run.id), role(run.state)
        )


def _alert_offers(console: "Console") -> Iterator[Offer]:
    now = time.time()
    for alert in alert_list.rows_of(console.overview.alerts, now):
        about = f"{alert_list.standing(alert, now)}  {alert.what}"
        yield Offer(
            "alert",
            f"Alert: {alert_about.name(alert)}",
            about,
            "",
            partial(console.go_to, Address("alerts", alert_id=alert.id)),
            "dim",
        )


def _view_offers(console: "Console") -> Iterator[Offer]:
    try:
        views = saved_views.load(saved_views.path_of_views())
        trouble = "" if views else "there is none yet"
    except ValueError as error:
        views, trouble = {}, str(error)
    if trouble:
        yield Offer("view", "Saved views", "", "", console.action_saved_views).unless(trouble, console.say)
    for name, address in views.items():
        yield Offer("view", f"View: {name}", str(address), "", partial(console.go_to, address), "dim")
