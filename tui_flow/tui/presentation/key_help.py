"""The help: every key of a place, and every shape."""

from collections.abc import Sequence
from itertools import zip_longest

from tui_flow.tui.actions import ACTIONS
from tui_flow.tui.keymap import Keymap
from tui_flow.tui.presentation import Line, glyphs
from tui_flow.tui.presentation.glyphs import Marks

_HEADINGS = {
    "list": "MOVE",  "tree": "TREE", "log": "LOG", "flows": "FLOW", "runs": "RUNS", "logs": "LOGS", "schedule": "SCHEDULE",
    "alerts": "ALERTS", "run": "RUN", "app": "EVERYWHERE",
}  # fmt: skip
_HALF = 38
"""The cells of one column, where there are two."""
_TOGETHER = {
    ("cursor_down", "cursor_up", "top", "end"): "a line down, up; the ends",
    ("half_down", "half_up"): "half a page down, up",
    ("page_down", "page_up"): "a page down, up",
    ("next_pane", "previous_pane"): "next pane, previous",
    ("mark", "mark_range"): "mark; mark up to here",
    ("ack", "mute", "note"): "acknowledge; mute; note",
    ("run", "run_with"): "run it; with parameters",
    ("redraw", "suspend_process"): "redraw; suspend",
    ("diff", "code"): "diff; view its code",
    ("open", "edit"): "open it; edit its file",
    ("rerun", "rerun_with"): "rerun; other parameters",
    ("cancel", "kill"): "cancel; kill (both ask)",
    ("copy", "pager"): "copy…; read in $PAGER",
    ("sort", "save_view"): "sort; save this view",
    tuple(action.id for action in ACTIONS if action.id.startswith("view(")): "the five views",
}
"""Actions that share a line of the help."""
_NAMES = {"upstream_failed": "upstream"}
"""Of states, where there is no room for the whole of it."""


def help_lines(places: Sequence[str], marks: Marks, keymap: Keymap, *, wide: bool) -> list[Line]:
    """The help: what is special here first, then what works everywhere, in two columns of about the same length where
    there is room for two; and the shapes below."""
    special = [place for place in places if place not in ("app", "list", "rows")]
    sections = [_section(place, marks, keymap) for place in (*special, "list", "app")]
    if "rows" in places:
        sections[-2] += _entries("rows", marks, keymap)
    sections += _filter(places)
    wrong: list[Line] = [[(text, "warn")] for text in keymap.wrong]
    if not wide:
        return [*wrong, *(line for section in sections for line in section), *_states(marks, 2)]
    half = sum(map(len, sections)) / 2
    left: list[Line] = []
    while len(left) + len(sections[0]) / 2 <= half or not left:
        left += sections.pop(0)
    right = [line for section in sections for line in section]
    blank: Line = []
    rows = [[*_padded(one), *other] for one, other in zip_longest(left, right, fillvalue=blank)]
    return [*wrong, *rows, *_states(marks, 5)]


def _padded(line: Line) -> Line:
    return [*line, (" " * (_HALF - sum(len(text) for text, _ in line)), "")]


def _section(place: str, marks: Marks, keymap: Keymap) -> list[Line]:
    """What one place answers to, under its name."""
    return [[(f" {_HEADINGS[place]}", "dim")], *_entries(place, marks, keymap)]


def _entries(place: str, marks: Marks, keymap: Keymap) -> list[Line]:
    actions = {action.id: action for action in ACTIONS if action.where == place}
    together = {ids: help for ids, help in _TOGETHER.items() if set(ids) <= set(actions)}
    shared = {id for ids in together for id in ids}
    return [
        *(
            _entry(_range([keymap.first(actions[id], marks.ascii) for id in ids]), help)
            for ids, help in together.items()
        ),
        *(
            _entry(keymap.shown(action, marks.ascii), action.help)
            for action in actions.values()
            if action.id not in shared
        ),
    ]


def _range(keys: Sequence[str]) -> str:
    """ "j k", and of digits in a row "1-5"."""
    in_a_row = "".join(keys) in "0123456789" and len(keys) > 2
    return f"{keys[0]}-{keys[-1]}" if in_a_row else " ".join(keys)


def _entry(keys: str, help: str) -> Line:
    return [(f"  {keys:<9}", "key"), (f" {help}", "")]


_OF_RUNS = ("/regex/  state:failed", "flow:etl_*  tag:etl  -tag:ops", "dur>5m  since:24h  is:late  is:new")
_FILTERS = {
    "flows": _OF_RUNS,
    "runs": _OF_RUNS,
    "logs": ("/regex/  level>=WARN", "flow:etl_*  task:load  run:812", "logger:sql*  since:24h  -debug"),
    "schedule": ("/regex/  03:  */5", "flow:etl_*  tag:etl  -tag:ops", "is:late  is:paused"),
    "alerts": ("/regex/  state:acked", "flow:etl_*  task:load  -timeout", "since:24h  is:new"),
}
"""Some words of the filter, in each view that has one."""


def _filter(places: Sequence[str]) -> list[list[Line]]:
    """The words of the filter, where there is one."""
    words = next((_FILTERS[place] for place in places if place in _FILTERS), None)
    if words is None:
        return []
    first: Line = [(" FILTER", "dim"), (f"  {words[0]}", "live")]
    return [[first, *([(f"  {some}", "live")] for some in words[1:])]]


def _states(marks: Marks, columns: int) -> list[Line]:
    """So many states a line: shape, then word."""
    lines: list[Line] = [[(" STATES", "dim")]]
    states = glyphs.LEGEND
    for first in range(0, len(states), columns):
        line: Line = []
        for state in states[first : first + columns]:
            line += [
                (f"  {marks.glyph(state)} ", glyphs.role(state)),
                (f"{_NAMES.get(state, state):<11}", ""),
            ]
        lines.append(line)
    return lines
