"""Every key of the console, once: bindings, footer and help are made from this table.

One key has one meaning in every view. Lower case acts or opens, "…" says that a dialog follows, and nothing that
destroys happens on one key alone. `id` is the method that does it: `action_<id>`.
"""

from typing import NamedTuple

from textual.binding import Binding, BindingType


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


ACTIONS = (
    Action("cursor_down", "j,down", "down", "a line down", "list"),
    Action("cursor_up", "k,up", "up", "a line up", "list"),
    Action("top", "g,home", "top", "to the first line", "list"),
    Action("end", "G,end", "end", "to the last line", "list"),
    Action("page_down", "pagedown", "page down", "a page down", "list"),
    Action("page_up", "pageup", "page up", "a page up", "list"),
    Action("half_down", "ctrl+d", "half down", "half a page down", "list"),
    Action("half_up", "ctrl+u", "half up", "half a page up", "list"),
    Action("mark", "space", "mark", "mark the row, and go on", "rows", 9),
    Action("mark_range", "V", "range", "mark from the last mark on", "rows"),
    Action("sort", "s", "sort…", "put them in another order", "rows", 10),
    Action("save_view", "S", "save…", "save this view by a name", "rows"),
    Action("open", "enter", "open", "open its latest run", "flows", 1),
    Action("run", "r", "run", "run it, with its defaults", "flows", 2),
    Action("run_with", "R", "params…", "run it with parameters", "flows", 3),
    Action("cancel", "x", "cancel…", "cancel its run (asks)", "flows", 4),
    Action("edit", "e", "edit", "open its file in $EDITOR", "flows", 5),
    Action("pause", "p", "pause", "pause or resume schedules", "flows", 7),
    Action("ack", "a", "ack", "you know; or take it back", "flows", 6),
    Action("mute", "m", "mute…", "no messages for a while", "flows"),
    Action("note", "c", "note", "write a note about it", "flows"),
    Action("filter", "slash", "filter", "filter the flows", "flows", 8),
    Action("diff", "D", "diff", "what changed since success", "flows", 10),
    Action("code", "v", "code", "the code of its last run", "flows", 11),
    Action("details", "i", "details", "what it says of one flow", "flows", 12),
    Action("copy", "y", "copy…", "copy command, error, …", "flows", 13),
    Action("pager", "o", "pager", "its last log in $PAGER", "flows", 14),
    Action("open", "enter", "open", "open the run", "runs", 1),
    Action("rerun", "r", "rerun…", "rerun all, or what failed", "runs", 2),
    Action("rerun_with", "R", "params…", "new run, other parameters", "runs", 5),
    Action("cancel", "x", "cancel…", "cancel this run (asks)", "runs", 4),
    Action("kill", "X", "kill…", "kill it at once (asks)", "runs"),
    Action("edit", "e", "edit", "edit where it failed", "runs", 6),
    Action("ack", "a", "ack", "you know; or take it back", "runs", 7),
    Action("mute", "m", "mute…", "no messages for a while", "runs"),
    Action("note", "c", "note", "write a note about it", "runs"),
    Action("filter", "slash", "filter", "filter the runs", "runs", 3),
    Action("diff", "D", "diff", "what changed since success", "runs", 8),
    Action("code", "v", "code", "the code that ran", "runs", 11),
    Action("copy", "y", "copy…", "copy command, error, …", "runs", 12),
    Action("pager", "o", "pager", "its log in $PAGER", "runs", 13),
    Action("details", "i", "details", "what it says of one run", "runs", 14),
    Action("older", "comma", "older", "the flow's older run", "runs", 15),
    Action("newer", "full_stop", "newer", "the flow's newer run", "runs", 16),
    Action("open", "enter", "open", "the flow's latest run", "schedule", 1),
    Action("run", "r", "run now", "run it now, once more", "schedule", 2),
    Action("skip", "x", "skip", "skip this fire, or do not", "schedule", 3),
    Action("pause", "p", "pause", "pause or resume it", "schedule", 4),
    Action("backfill", "b", "back-fill…", "run fires of the past", "schedule", 6),
    Action("edit", "e", "edit", "edit the schedule", "schedule", 8),
    Action("filter", "slash", "filter", "filter what fires", "schedule", 9),
    Action("later", "l,right", "hour", "an hour, day; pan", "schedule", 7),
    Action("earlier", "h,left", "earlier", "the same, backwards", "schedule"),
    Action("copy", "y", "copy…", "copy times, command, …", "schedule", 10),
    Action("month", "M", "month", "the month, or hide it", "schedule", 5),
    Action("scale_up", "plus", "scale", "less of the time, wider", "schedule"),
    Action("scale_down", "minus", "scale back", "more of the time", "schedule"),
    Action("previous_month", "comma", "month before", "the month before", "schedule"),
    Action("next_month", "full_stop", "next month", "the next month", "schedule"),
    Action("open", "enter", "open", "open it there; or unfold", "logs", 1),
    Action("search", "slash", "search", "search in all logs", "logs", 2),
    Action("next_hit", "n", "hit", "the next hit", "logs", 3),
    Action("previous_hit", "N", "previous", "the hit before", "logs"),
    Action("next_run", "J", "run", "the next run, or message", "logs", 4),
    Action("previous_run", "K", "previous run", "the one before", "logs"),
    Action("regroup", "equals_sign", "equal", "equal messages as one row", "logs", 6),
    Action("copy", "y", "copy…", "copy the line, its run, …", "logs", 5),
    Action("save", "S", "save…", "save all hits to a file", "logs", 7),
    Action("pager", "o", "pager", "all hits in $PAGER", "logs", 8),
    Action("open", "enter", "open", "the run, at the error", "alerts", 1),
    Action("rerun", "r", "rerun…", "run it again (menu)", "alerts", 2),
    Action("ack", "a", "ack", "you know; or take it back", "alerts", 3),
    Action("mute", "m", "mute…", "no messages for a while", "alerts", 4),
    Action("note", "c", "note", "write a note about it", "alerts", 6),
    Action("edit", "e", "edit", "edit where it failed", "alerts", 5),
    Action("filter", "slash", "filter", "filter the alerts", "alerts", 7),
    Action("diff", "D", "diff", "what changed since success", "alerts", 8),
    Action("code", "v", "code", "the code that ran", "alerts", 9),
    Action("fold_recovered", "equals_sign", "recovered", "fold what has recovered", "alerts", 10),
    Action("copy", "y", "copy…", "copy error, traceback, …", "alerts", 11),
    Action("fold", "h,left", "fold", "fold it; twice: all", "logs"),
    Action("unfold", "l,right", "unfold", "unfold it; twice: all", "logs"),
    Action("fold", "h,left", "fold", "fold, or go to the branch", "tree"),
    Action("unfold", "l,right", "unfold", "unfold what is inside", "tree"),
    Action("open_row", "enter", "open", "fold, unfold, or read log", "tree"),
    Action("fold_all", "equals_sign", "fold all", "fold all, or as at first", "tree"),
    Action("scale_up", "plus", "scale", "less of the time, wider", "tree"),
    Action("scale_down", "minus", "scale back", "more of the time", "tree"),
    Action("unfold_frames", "enter", "open", "unfold library frames", "log"),
    Action("fold_all", "equals_sign", "fold all", "fold all frames, or none", "log"),
    Action("rerun", "r", "rerun…", "rerun all, or what failed", "run", 3),
    Action("rerun_with", "R", "params…", "new run, other parameters", "run", 14),
    Action("answer", "p", "answer…", "answer a paused run", "run", 1),
    Action("cancel", "x", "cancel…", "cancel this run (asks)", "run", 1),
    Action("kill", "X", "kill…", "kill it at once (asks)", "run"),
    Action("older", "comma", "older", "the older attempt, or run", "run", 12),
    Action("newer", "full_stop", "newer", "the newer attempt, or run", "run", 13),
    Action("next_error", "n", "error", "next error, or next match", "run", 2),
    Action("previous_error", "N", "previous", "previous error, or match", "run"),
    Action("search", "slash", "search", "search in the log", "run", 7),
    Action("follow", "f", "follow", "follow the end of the log", "run", 8),
    Action("follow_task", "F", "follow task", "follow the running task", "run"),
    Action("wrap", "w", "wrap", "wrap long lines, or cut", "run", 11),
    Action("level", "L", "level", "all, INFO, WARNING, ERROR", "run", 9),
    Action("time", "t", "time", "clock, delta, date, none", "run"),
    Action("details", "i", "details", "parameters, traceback", "run", 10),
    Action("edit", "e", "edit", "edit where it failed", "run", 4),
    Action("code", "v", "code", "the code that ran", "run", 6),
    Action("diff", "D", "diff", "what changed since success", "run", 5),
    Action("grid", "H", "grid", "tasks of the last runs", "run", 16),
    Action("stack", "W", "where", "the line it stands at", "run", 17),
    Action("copy", "y", "copy…", "copy line, command, …", "run", 15),
    Action("artifacts", "A", "artifacts", "what it shows to people", "run", 5),
    Action("only", "ampersand", "only", "only matching lines", "run"),
    Action("pager", "o", "pager", "the shown log in $PAGER", "run"),
    Action("save", "S", "save…", "save the shown log", "run"),
    Action("submit", "ctrl+r", "run", "run it, or to what is wrong", "form", 1),
    Action("edit_all", "ctrl+e", "as JSON", "all as JSON in $EDITOR", "form", 5),
    Action("pick_day", "f5", "month", "a day from the month", "form", 2),
    Action("plan", "ctrl+t", "plan", "all that it will do", "form", 3),
    Action("presets", "f2", "presets", "values of runs, presets", "form", 4),
    Action("save_preset", "f4", "save", "save the values: a preset", "form", 7),
    Action("reset", "f3", "reset", "the field's default again", "form", 6),
    Action("copy_command", "ctrl+y", "copy", "copy the command line", "form", 9),
    Action("commands", "ctrl+p", "commands", "everything, by name", "form", 8),
    Action("next_field", "tab", "next", "the next field", "form"),
    Action("leave", "escape", "leave", "leave; asks if changed", "form", 91),
    Action("change_key", "f2", "key", "give it another key", "palette"),
    Action("view('flows')", "1", "flows", "Flows", "app"),
    Action("view('runs')", "2", "runs", "Runs, the newest first", "app"),
    Action("view('logs')", "3", "logs", "search in all logs", "app"),
    Action("view('schedule')", "4", "schedule", "Schedule, what fires when", "app"),
    Action("view('alerts')", "5", "alerts", "Alerts", "app"),
    Action("next_pane", "tab", "pane", "next pane", "app", 90),
    Action("previous_pane", "shift+tab", "previous pane", "previous pane", "app"),
    Action("step_back", "escape", "back", "clear, or one step back", "app"),
    Action("leave", "q", "leave", "back; at the top: leave", "app", 91),
    Action("zoom", "z", "zoom", "this pane alone, or all", "app"),
    Action("saved_views", "apostrophe", "saved", "saved views; save this", "app"),
    Action("profiles", "at", "projects", "another project's console", "app"),
    Action("zone", "T", "zone", "UTC, here; flow's in 4", "app"),
    Action("undo", "u", "undo", "undo what was done last", "app"),
    Action("redraw", "ctrl+l", "redraw", "draw the screen anew", "app"),
    Action("suspend_process", "ctrl+z", "suspend", "suspend; fg comes back", "app"),
    Action("commands", "colon,ctrl+p", "commands", "everything, by name", "app"),
    Action("tutorial", "f1", "tutorial", "a tour in six steps", "app"),
    Action("help", "question_mark", "help", "these keys, to be searched", "app", 92),
)

CHANGING = frozenset(
    ("run", "run_with", "rerun", "rerun_with", "cancel", "kill", "answer", "edit", "pause", "skip", "backfill", "ack", "mute",
     "note")
)  # fmt: skip
"""The ids of what a console that only reads refuses."""

_NAMES = {
    "enter": "⏎", "slash": "/", "comma": ",", "full_stop": ".", "question_mark": "?", "colon": ":", "equals_sign": "=", "apostrophe": "'", "at": "@", "plus": "+", "minus": "-", "ampersand": "&", "space": "Space", "tab": "Tab",
    "shift+tab": "⇧Tab", "escape": "Esc", "pagedown": "PgDn", "pageup": "PgUp", "up": "↑", "down": "↓",
    "left": "←", "right": "→", "home": "Home", "end": "End",
}  # fmt: skip
_ASCII = {"⏎": "Enter", "⇧Tab": "S-Tab", "↑": "up", "↓": "down", "←": "left", "→": "right"}


def bindings(where: str, *, priority: bool = False) -> list[BindingType]:
    """What Textual needs to know of the keys of one place. `priority` gives them before a text that is typed."""
    return [
        Binding(action.keys, action.id, action.label, show=False, id=action.name, priority=priority)
        for action in ACTIONS
        if action.where == where
    ]


def action_named(name: str) -> Action:
    """The action that keys.toml calls so."""
    return next(action for action in ACTIONS if action.name == name)


def key_name(key: str, ascii: bool = False) -> str:
    """How a key is written for people."""
    name = _NAMES.get(key) or (f"^{key[-1].upper()}" if key.startswith("ctrl+") else key)
    name = name.upper() if name[0] == "f" and name[1:].isdigit() else name
    return _ASCII.get(name, name) if ascii else name


def footer(places: list[str]) -> list[Action]:
    """The actions that the footer of these places has to offer, in the order in which they are shown. Where room is
    short, those with the highest numbers go first, but help and leaving stay."""
    return sorted(
        (action for action in ACTIONS if action.footer and action.where in places), key=lambda a: a.footer
    )
