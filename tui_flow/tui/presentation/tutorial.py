"""The tour in six steps, told by what this project has, with the keys that this person uses."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tui_flow.store.records import FlowRun
from tui_flow.tui.actions import ACTIONS
from tui_flow.tui.keymap import Keymap
from tui_flow.tui.presentation import Line, flow_list, flow_status
from tui_flow.tui.presentation.flow_list import FlowRow, Overview
from tui_flow.tui.presentation.glyphs import Marks, word


class Step(NamedTuple):
    """One of them."""

    title: str
    lines: list[Line]
    do: str
    """What ⏎ does: in a few words; empty where there is nothing to do it with."""


def example(overview: Overview) -> FlowRow | None:
    """The flow that the tour is about: the most urgent one that has failed, else one that has run, else any."""
    rows = [row for row in flow_list.rows_of(overview) if row.flow is not None]
    failed = [row for row in rows if row.failure is not None]
    return next(iter([*failed, *(row for row in rows if row.run), *rows]), None)


def steps(overview: Overview, keymap: Keymap, now: float, marks: Marks) -> list[Step]:
    """What is told, in the order in which a day's work goes."""
    named = {action.name: action for action in ACTIONS}
    row = example(overview)
    is_first = row is not None and flow_list.rows_of(overview)[0].key == row.key
    run = row.run if row is not None else None
    begins = f"runs {row.name}" if row is not None else ""

    def key(name: str) -> tuple[str, str]:
        return (keymap.first(named[name], marks.ascii), "key")

    return [
        Step("look", _look(key, row, is_first, now, marks), "shows the flows"),
        Step("open", _open(key, run), f"opens run {run.id}" if run else begins),
        Step("read the error", _read(key, row), f"opens run {run.id} there" if run else begins),
        Step("edit", _edit(key, row), "opens your editor" if row else ""),
        Step("rerun", _rerun(key, run), "asks how" if run else begins),
        Step("leave", _leave(key, overview), "ends the tour"),
    ]


_Key = Callable[[str], tuple[str, str]]


def _look(key: _Key, row: FlowRow | None, is_first: bool, now: float, marks: Marks) -> list[Line]:
    lines: list[Line] = [[key("app.view_flows"), (" shows the flows; what needs you stands on top.", "")]]
    if row is None:
        lines += [
            [("There is none yet: save a Python file with a @flow in flows/, and it is there.", "warn")]
        ]
    else:
        told = flow_status.told(row, now, 50, marks, says_late=True)
        lines += [
            [
                ("Here that is " if is_first else "Of your flows, look at ", ""),
                (row.name, "strong"),
                (": ", ""),
                *told,
            ]
        ]
    return [
        *lines, [],
        [key("list.cursor_down"), (" and ", "dim"), key("list.cursor_up"), (" go down and up, ", "dim"), key("flows.filter"), (" filters, ", "dim"),
         key("app.view_runs"), (" to ", "dim"), key("app.view_alerts"), (" are the other views.", "dim")],
    ]  # fmt: skip


def _open(key: _Key, run: FlowRun | None) -> list[Line]:
    about = f"Here that is run {run.id} of {run.flow}: {word(run.state)}." if run else "Nothing has run yet."
    return [
        [key("flows.open"), (" opens the latest run of a flow: its tasks above, its log below.", "")],
        [(about, "" if run else "warn")] if run else [("Nothing has run yet: ", "warn"), key("flows.run"), (" runs a flow.", "warn")],
        [],
        [key("app.next_pane"), (" goes from pane to pane, ", "dim"), key("app.step_back"), (" one step back, always.", "dim")],
    ]  # fmt: skip


def _read(key: _Key, row: FlowRow | None) -> list[Line]:
    failure = row.failure if row else None
    what: Line = (
        [(f"{failure.type.rpartition('.')[2]}: {failure.message.partition(chr(10))[0]}", "bad")]
        if failure
        else [("Nothing is wrong here now: this is how it would open.", "ok")]
    )
    return [
        [("A failed run opens at its first error: ", ""), key("run.next_error"), (" goes to the next, ", ""), key("run.previous_error"), (" back.", "")],
        what,
        [],
        [key("run.diff"), (" shows what changed since the last success, ", "dim"), key("run.code"), (" the code that ran, ", "dim"),
         key("run.search"), (" searches the log.", "dim")],
    ]  # fmt: skip


def _edit(key: _Key, row: FlowRow | None) -> list[Line]:
    place = row.path if row else ""
    if row is not None and row.failure is not None and row.failure.path:
        is_own = row.failure.path.endswith(row.path)
        place = f"{row.path if is_own else row.failure.path}:{row.failure.line}"
    return [
        [
            key("run.edit"),
            (" opens $EDITOR at the line that failed", ""),
            (f": {place}" if place else "", "strong"),
        ],
        [("What you save is there at once: the next run uses it.", "")],
        [],
        [("A file that does not import is told with its line. Until you mend it, its schedules", "dim")],
        [("run its last good version, and ", "dim"), key("flows.run"), (" is refused.", "dim")],
    ]


def _rerun(key: _Key, run: FlowRun | None) -> list[Line]:
    command = f"tui-flow rerun {run.id}" if run else "tui-flow rerun RUN"
    return [
        [key("run.rerun"), (" asks how a run is to be run again, and says what each way would reuse:", "")],
        [("f", "key"), (" from what failed, ", ""), ("a", "key"), (" all of it, ", ""), ("e", "key"), (" with other parameters.", "")],
        [],
        [key("rows.mark"), (" marks rows of a list: the same keys then act on all of them.", "dim")],
        [("$ ", "dim"), (command, "dim")],
    ]  # fmt: skip


def _leave(key: _Key, overview: Overview) -> list[Line]:
    active = overview.active
    goes_on = (
        f"{active} run{'s go' if active > 1 else ' goes'} on without it."
        if active
        else "Runs go on without it."
    )
    return [
        [key("app.leave"), (" leaves the console. ", ""), (goes_on, "strong")],
        [("tui-flow", "live"), (" brings it back, and says what has failed since you looked.", "")],
        [],
        [key("app.help"), (" shows all keys of a screen, ", "dim"), key("app.commands"), (" finds everything by name, ", "dim"),
         key("app.undo"), (" undoes.", "dim")],
    ]  # fmt: skip


def strip(all: Sequence[Step], chosen: int) -> Line:
    """The names of the steps, and which of them is shown."""
    return [
        (f"[{number} {step.title}]" if number == chosen + 1 else f" {number} {step.title} ", "strong" if number == chosen + 1 else "dim")
        for number, step in enumerate(all, 1)
    ]  # fmt: skip
