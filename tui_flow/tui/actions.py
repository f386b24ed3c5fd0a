"""Every key of the console, once: bindings, footer and help are made from this table.

One key has one meaning in every view. Lower case acts or opens, "…" says that a dialog follows, and nothing that
destroys happens on one key alone. `id` is the method that does it: `action_<id>`.
"""

from functools import cache
from typing import NamedTuple

from textual.binding import Binding, BindingType
from textual.keys import format_key


class Action(NamedTuple):
    """One thing that a person can do."""

    id: str
    keys: str
    """Textual's names of the keys, with commas between them; the first is the one that is shown."""
    label: str
    """One or two words, for the footer."""
    help: str
    """At most 25 letters, for the help."""
    where: str
    """Which view, pane or dialog answers the key: "app", "list", "rows" (of a list
    that can be marked), a view such as "runs", "run", "tree", "log"."""
    footer: int = 0
    """Its place in the footer, where there is room: 1 goes last. 0 is for the help only."""

    @property
    def name(self) -> str:
        """What `keys.toml` calls it: "run.cancel", "app.view_flows"."""
        name, _, argument = self.id.rstrip("')").partition("('")
        return f"{self.where}.{name}_{argument}" if argument else f"{self.where}.{name}"

    @property
    def words(self) -> str:
        """What the palette finds it by, beside its help."""
        id = self.name.partition(".")[2]
        return f"{id.replace('_', ' ')} {self.label} {_OTHER_WORDS.get(id, '')}".casefold()


ACTIONS = (
    Action("cursor_down", "j,down", "down", "a line down", "list"),
    Action("cursor_up", "k,up", "up", "a line up", "list"),
    Action("top", "g,home", "top", "to the first line", "list"),
    Action("end", "G,end", "end", "to the last line", "list"),
    Action("page_down", "pagedown", "page down", "a page down", "list"),
    Action("page_up", "pageup", "page up", "a page up", "list"),
    Action("half_down", "ctrl+d", "half down", "half a page down", "list"),
    Action("half_up", "ctrl+u", "half up", "half a page up", "list"),
    Action("mark", "space", "mark", "mark the row and go on", "rows", 9),
    Action("mark_range", "V", "range", "mark all up to here", "rows"),
    Action("sort", "s", "sort…", "sort in another order", "rows", 10),
    Action("save_view", "S", "save…", "save this view by name", "rows"),
    Action("open", "enter", "open", "open its latest run", "flows", 1),
    Action("run", "r", "run", "run it, with its defaults", "flows", 2),
    Action("run_with", "R", "params…", "run it with parameters", "flows", 3),
    Action("cancel", "x", "cancel…", "cancel its run (asks)", "flows", 4),
    Action("edit", "e", "edit", "open its file in $EDITOR", "flows", 5),
    Action("pause", "p", "pause", "pause or resume schedules", "flows", 7),
    Action("ack", "a", "ack", "acknowledge; take it back", "flows", 6),
    Action("mute", "m", "mute…", "mute messages for a while", "flows"),
    Action("note", "c", "note", "write a note on the alert", "flows"),
    Action("filter", "slash", "filter", "filter the flows", "flows", 8),
    Action("diff", "D", "diff", "diff with last success", "flows", 10),
    Action("code", "v", "code", "view code of its last run", "flows", 11),
    Action("details", "i", "details", "details of one flow", "flows", 12),
    Action("copy", "y", "copy…", "copy command, error, …", "flows", 13),
    Action("pager", "o", "pager", "open last log in $PAGER", "flows", 14),
    Action("open", "enter", "open", "open the run", "runs", 1),
    Action("rerun", "r", "rerun…", "rerun all, or what failed", "runs", 2),
    Action("rerun_with", "R", "params…", "run with other parameters", "runs", 5),
    Action("answer", "p", "answer…", "answer a paused run", "runs", 2),
    Action("cancel", "x", "cancel…", "cancel this run (asks)", "runs", 4),
    Action("kill", "X", "kill…", "kill it at once (asks)", "runs"),
    Action("edit", "e", "edit", "edit where it failed", "runs", 6),
    Action("ack", "a", "ack", "acknowledge; take it back", "runs", 7),
    Action("mute", "m", "mute…", "mute messages for a while", "runs"),
    Action("note", "c", "note", "write a note on the alert", "runs"),
    Action("filter", "slash", "filter", "filter the runs", "runs", 3),
    Action("diff", "D", "diff", "diff with last success", "runs", 8),
    Action("code", "v", "code", "view the code that ran", "runs", 11),
    Action("copy", "y", "copy…", "copy command, error, …", "runs", 12),
    Action("pager", "o", "pager", "open its log in $PAGER", "runs", 13),
    Action("details", "i", "details", "details of one run", "runs", 14),
    Action("older", "comma", "older", "older run of the flow", "runs", 15),
    Action("newer", "full_stop", "newer", "newer run of the flow", "runs", 16),
    Action("open", "enter", "open", "open its latest run", "schedule", 1),
    Action("run", "r", "run now", "run it now, once", "schedule", 2),
    Action("skip", "x", "skip", "skip or unskip this fire", "schedule", 3),
    Action("pause", "p", "pause", "pause or resume it", "schedule", 4),
    Action("backfill", "b", "back-fill…", "back-fill past fire times", "schedule", 6),
    Action("edit", "e", "edit", "edit the schedule", "schedule", 8),
    Action("filter", "slash", "filter", "filter what fires", "schedule", 9),
    Action("later", "l,right", "hour", "later: an hour or a day", "schedule", 7),
    Action("earlier", "h,left", "earlier", "earlier: an hour or a day", "schedule"),
    Action("copy", "y", "copy…", "copy times, command, …", "schedule", 10),
    Action("diff", "D", "diff", "diff with last success", "schedule", 11),
    Action("code", "v", "code", "view the code that ran", "schedule", 12),
    Action("pager", "o", "pager", "its last log in $PAGER", "schedule", 13),
    Action("month", "M", "month", "show or hide the month", "schedule", 5),
    Action("scale_up", "plus", "scale", "zoom in on the time axis", "schedule"),
    Action("scale_down", "minus", "scale back", "zoom out on the time axis", "schedule"),
    Action("previous_month", "comma", "month before", "previous month", "schedule"),
    Action("next_month", "full_stop", "next month", "next month", "schedule"),
    Action("open", "enter", "open", "open the line, or unfold", "logs", 1),
    Action("search", "slash", "search", "search in all logs", "logs", 2),
    Action("next_hit", "n", "hit", "next hit", "logs", 3),
    Action("previous_hit", "N", "previous", "previous hit", "logs"),
    Action("next_run", "J", "run", "next run or message", "logs", 4),
    Action("previous_run", "K", "previous run", "previous run or message", "logs"),
    Action("regroup", "equals_sign", "equal", "equal messages as one row", "logs", 6),
    Action("copy", "y", "copy…", "copy the line, its run, …", "logs", 5),
    Action("save", "S", "save…", "save all hits to a file", "logs", 7),
    Action("pager", "o", "pager", "open all hits in $PAGER", "logs", 8),
    Action("edit", "e", "edit", "edit at the line it names", "logs", 9),
    Action("diff", "D", "diff", "diff with last success", "logs", 10),
    Action("code", "v", "code", "view the code that ran", "logs", 11),
    Action("open", "enter", "open", "open its run at the error", "alerts", 1),
    Action("rerun", "r", "rerun…", "rerun all, or what failed", "alerts", 2),
    Action("ack", "a", "ack", "acknowledge; take it back", "alerts", 3),
    Action("mute", "m", "mute…", "mute messages for a while", "alerts", 4),
    Action("note", "c", "note", "write a note on the alert", "alerts", 6),
    Action("edit", "e", "edit", "edit where it failed", "alerts", 5),
    Action("filter", "slash", "filter", "filter the alerts", "alerts", 7),
    Action("diff", "D", "diff", "diff with last success", "alerts", 8),
    Action("code", "v", "code", "view the code that ran", "alerts", 9),
    Action("fold_recovered", "equals_sign", "recovered", "fold what has recovered", "alerts", 10),
    Action("copy", "y", "copy…", "copy error, traceback, …", "alerts", 11),
    Action("pager", "o", "pager", "its last log in $PAGER", "alerts", 12),
    Action("fold", "h,left", "fold", "fold it; twice: all", "logs"),
    Action("unfold", "l,right", "unfold", "unfold it; twice: all", "logs"),
    Action("fold", "h,left", "fold", "fold, or go to the branch", "tree"),
    Action("unfold", "l,right", "unfold", "unfold what is inside", "tree"),
    Action("open_row", "enter", "open", "fold, unfold or read log", "tree"),
    Action("fold_all", "equals_sign", "fold all", "fold all, or as at first", "tree"),
    Action("scale_up", "plus", "scale", "zoom in on the time axis", "tree"),
    Action("scale_down", "minus", "scale back", "zoom out on the time axis", "tree"),
    Action("unfold_frames", "enter", "open", "unfold library frames", "log"),
    Action("fold_all", "equals_sign", "fold all", "fold all frames, or none", "log"),
    Action("rerun", "r", "rerun…", "rerun all, or what failed", "run", 3),
    Action("rerun_with", "R", "params…", "run with other parameters", "run", 14),
    Action("answer", "p", "answer…", "answer a paused run", "run", 1),
    Action("cancel", "x", "cancel…", "cancel this run (asks)", "run", 1),
    Action("kill", "X", "kill…", "kill it at once (asks)", "run"),
    Action("older", "comma", "older", "older attempt or run", "run", 12),
    Action("newer", "full_stop", "newer", "newer attempt or run", "run", 13),
    Action("next_error", "n", "error", "next error or match", "run", 2),
    Action("previous_error", "N", "previous", "previous error or match", "run"),
    Action("search", "slash", "search", "search in the log", "run", 7),
    Action("follow", "f", "follow", "follow the end of the log", "run", 8),
    Action("follow_task", "F", "follow task", "follow the running task", "run"),
    Action("ack", "a", "ack", "acknowledge; take it back", "run", 7),
    Action("mute", "m", "mute…", "mute messages for a while", "run"),
    Action("note", "c", "note", "write a note on the alert", "run"),
    Action("wrap", "w", "wrap", "wrap long lines, or cut", "run", 11),
    Action("level", "L", "level", "level: lowest one shown", "run", 9),
    Action("time", "t", "time", "time: clock, delta, date", "run"),
    Action("details", "i", "details", "show or hide the details", "run", 10),
    Action("edit", "e", "edit", "edit where it failed", "run", 4),
    Action("code", "v", "code", "view the code that ran", "run", 6),
    Action("diff", "D", "diff", "diff with last success", "run", 5),
    Action("grid", "H", "grid", "grid: tasks by last runs", "run", 16),
    Action("stack", "W", "where", "where it stands: stack", "run", 17),
    Action("copy", "y", "copy…", "copy line, command, …", "run", 15),
    Action("artifacts", "A", "artifacts", "artifacts of the run", "run", 5),
    Action("only", "ampersand", "only", "show only matching lines", "run"),
    Action("pager", "o", "pager", "open the log in $PAGER", "run"),
    Action("save", "S", "save…", "save the shown log", "run"),
    Action("submit", "ctrl+r", "run", "run, or go to the mistake", "form", 1),
    Action("edit_all", "ctrl+e", "as JSON", "edit as JSON in $EDITOR", "form", 5),
    Action("pick_day", "f5", "month", "pick a day from a month", "form", 2),
    Action("plan", "ctrl+t", "plan", "show all that it will do", "form", 3),
    Action("presets", "f2", "presets", "values of runs or presets", "form", 4),
    Action("save_preset", "f4", "save", "save values as a preset", "form", 7),
    Action("reset", "f3", "reset", "reset field to default", "form", 6),
    Action("copy_command", "ctrl+y", "copy", "copy the command line", "form", 9),
    Action("commands", "ctrl+p", "keys", "all keys here, by name", "form", 90),
    Action("next_field", "tab", "next", "next field", "form"),
    Action("leave", "escape", "leave", "leave; asks if changed", "form", 91),
    Action("change_key", "f2", "key", "give it another key", "palette"),
    Action("view('flows')", "1", "flows", "Flows", "app"),
    Action("view('runs')", "2", "runs", "Runs, newest first", "app"),
    Action("view('logs')", "3", "logs", "search in all logs", "app"),
    Action("view('schedule')", "4", "schedule", "Schedule: what fires when", "app"),
    Action("view('alerts')", "5", "alerts", "Alerts", "app"),
    Action("next_pane", "tab", "pane", "next pane", "app", 90),
    Action("previous_pane", "shift+tab", "previous pane", "previous pane", "app"),
    Action("step_back", "escape", "back", "clear, or one step back", "app"),
    Action("leave", "q", "detach", "back; at the top: detach", "app", 91),
    Action("zoom", "z", "zoom", "zoom this pane, or unzoom", "app"),
    Action("saved_views", "apostrophe", "saved", "saved views, or save this", "app"),
    Action("profiles", "at", "projects", "go to another project", "app"),
    Action("zone", "T", "zone", "time zone: here, UTC, own", "app"),
    Action("undo", "u", "undo", "undo what was done last", "app"),
    Action("redraw", "ctrl+l", "redraw", "redraw the screen", "app"),
    Action("suspend_process", "ctrl+z", "suspend", "suspend; fg comes back", "app"),
    Action("commands", "colon,ctrl+p", "commands", "all commands, by name", "app"),
    Action("tutorial", "f1", "tutorial", "a tour in six steps", "app"),
    Action("help", "question_mark", "help", "help: search these keys", "app", 92),
)

ALONE = ("form", "palette")
"""Places that hear no key but their own."""
CHANGING = frozenset(
    ("run", "run_with", "rerun", "rerun_with", "cancel", "kill", "answer", "edit", "pause", "skip", "backfill", "ack", "mute",
     "note")
)  # fmt: skip
"""The ids of what a console that only reads refuses."""

_OTHER_WORDS = {
    "ack": "acknowledge", "answer": "resume", "backfill": "backfill catch up", "cancel": "stop end abort", "code": "view source",
    "copy": "yank clipboard", "diff": "difference compare", "fold_all": "collapse expand", "follow": "tail", "help": "keys",
    "kill": "end", "leave": "quit exit detach close", "mute": "silence snooze", "next_error": "next match",
    "next_pane": "focus", "note": "comment", "only": "grep", "open": "enter", "pager": "less", "pause": "resume",
    "previous_error": "previous match", "profiles": "profile", "redraw": "refresh", "rerun": "retry again",
    "rerun_with": "run with parameters", "run_with": "parameters form", "saved_views": "views bookmarks", "scale_up": "zoom in",
    "scale_down": "zoom out", "search": "find grep log", "sort": "order", "stack": "stack trace",
    "suspend_process": "background", "time": "clock", "tutorial": "tour", "view_schedule": "calendar agenda",
    "zone": "timezone utc",
}  # fmt: skip
"""Other words for actions, by their names without the place."""
_NAMES = {
    "enter": "⏎", "space": "Space", "tab": "Tab", "shift+tab": "⇧Tab", "escape": "Esc", "pagedown": "PgDn", "pageup": "PgUp",
    "up": "↑", "down": "↓", "left": "←", "right": "→", "home": "Home", "end": "End",
}  # fmt: skip
_ASCII = {"⏎": "Enter", "⇧Tab": "S-Tab", "↑": "up", "↓": "down", "←": "left", "→": "right"}


def bindings(where: str, *, priority: bool = False) -> list[BindingType]:
    """What Textual needs to know of the keys of one place. `priority` gives them before a text that is typed."""
    return [
        Binding(action.keys, action.id, action.label, show=False, id=action.name, priority=priority)
        for action in ACTIONS
        if action.where == where
    ]


@cache
def action_named(name: str) -> Action:
    """The action that keys.toml calls so."""
    return next(action for action in ACTIONS if action.name == name)


def key_name(key: str, ascii: bool = False) -> str:
    """How a key is written for people."""
    if key.startswith("ctrl+"):
        name = key_name(key.removeprefix("ctrl+"), ascii)
        return f"^{name.upper() if len(name) == 1 else name}"
    name = _NAMES.get(key) or format_key(key)
    name = name.upper() if name[0] == "f" and name[1:].isdigit() else name
    return _ASCII.get(name, name) if ascii else name


def footer(places: list[str]) -> list[Action]:
    """The actions that the footer of these places has to offer, in the order in which they are shown. Where room is
    short, those with the highest numbers go first, but help and leaving stay."""
    return sorted(
        (action for action in ACTIONS if action.footer and action.where in places), key=lambda a: a.footer
    )
