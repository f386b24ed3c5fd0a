"""The ways to run a run again, each with its command."""

import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from tui_flow.contract.commands import PreviewRerun, RerunPreview, RerunRun
from tui_flow.contract.left_out import as_pattern
from tui_flow.contract.states import RERUNNABLE
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import Line

NEW, PARAMETERS, DEBUG = "n", "e", "d"
"""A run of its own, one whose parameters are asked for first, and one under the debugger, in this terminal."""


class Way(NamedTuple):
    """One of them."""

    key: str
    title: str
    options: dict[str, Any]
    """Fields of `RerunRun`."""
    words: str
    """What the command `tui-flow rerun` takes for them."""
    meaning: str


def ways(run: FlowRun, task: str) -> list[Way]:
    """What makes sense for a run; `task` is the name of the task under the cursor, empty where there is none."""
    if run.state not in RERUNNABLE:
        return []
    found = [
        Way("f", "as asked for", {}, "", "It never began: it is put back as it was.")
        if run.never_began
        else Way("f", "from failed", {}, "", "What succeeded, with equal code and arguments, is reused."),
        Way("a", "all of it", {"force": True}, "--force", "Nothing is reused."),
    ]
    if task:
        named, pattern = shlex.quote(task), as_pattern(task)
        found += [
            Way("t", f"from {task}", {"from_tasks": [task]}, f"--from {named}",
                "From its first call on, everything runs."),
            Way("o", f"only {task}", {"only": [pattern]}, f"--only {shlex.quote(pattern)}",
                "What else succeeded is reused, whatever its code and arguments are now."),
        ]  # fmt: skip
    found.append(
        Way("w", "only the failed", {"only_failed": True}, "--only-failed",
            "What succeeded is reused, even if its code has changed since.")
    )  # fmt: skip
    if run.source_sha:
        found.append(
            Way("c", "as it was", {"original_code": True}, "--original-code",
                "With the flow file as it was, whatever it is now.")
        )  # fmt: skip
    return found


def preview(run: FlowRun, way: Way) -> PreviewRerun:
    return PreviewRerun(run.id, **way.options)


def command(run: FlowRun, way: Way, parameters: Mapping[str, Any] | None = None) -> RerunRun:
    return RerunRun(run.id, parameters=dict(parameters or {}), **way.options)


def command_line(run: FlowRun, way: Way) -> str:
    """The same for a shell."""
    return " ".join(filter(None, ("tui-flow rerun", str(run.id), way.words)))


def about(told: RerunPreview) -> list[Line]:
    """What else a preview says: which code is another, and which versions."""
    lines: list[Line] = []
    if told.changed_tasks:
        lines.append([("code changed  ", "dim"), (", ".join(told.changed_tasks), "warn")])
    if told.perhaps_tasks:
        lines.append([("may get other values  ", "dim"), (", ".join(told.perhaps_tasks), "")])
    if told.environment:
        lines.append([("other versions  ", "dim"), (told.environment, "warn")])
    return lines


def changed(
    before: Mapping[str, Any], chosen: Mapping[str, Any], schema: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters that are others than before; `chosen` leaves out those that are the flow's defaults."""
    known = schema.get("properties", {})
    defaults = {name: field["default"] for name, field in known.items() if "default" in field}
    wanted = {**{name: defaults[name] for name in before if name in defaults}, **chosen}
    return {name: value for name, value in wanted.items() if name not in before or before[name] != value}
