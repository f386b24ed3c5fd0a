"""What can be said of one run besides its parameters: a form of its own, and the options of `tui-flow run`."""

import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tui_flow.contract.commands import HIGHEST_PRIORITY, LOWEST_PRIORITY
from tui_flow.contract.left_out import contradiction, is_left_out, unmatched
from tui_flow.store.records import Flow
from tui_flow.tui.presentation.fields import Field
from tui_flow.tui.presentation.form import Form

START = Field(("start",), ("string",), False, "now", format="start", has_default=True)


TASKS = ("only", "skip")
SHOWN = 8
"""So many names of tasks are told."""


class RunOptions(Form):
    """Knows which tasks there are to be left out."""

    def __init__(self, schema: Mapping[str, Any] = {}) -> None:
        super().__init__(schema)
        self.tasks: list[str] = []
        """As far as anybody knows; first those that the last runs called."""
        self.called = 0
        """So many of them those are."""
        self.has_all_tasks = False
        """Whether another name is wrong."""

    def know_called(self, called: list[str]) -> None:
        """What the last runs called."""
        self._order(called, self.tasks)

    def know_all(self, tasks: list[str]) -> None:
        """What the flow's file holds, too, whether the flow calls it or not."""
        self.has_all_tasks = True
        self._order(self.tasks[: self.called], tasks)

    def _order(self, called: list[str], tasks: list[str]) -> None:
        self.tasks, self.called = list(dict.fromkeys([*called, *tasks])), len(called)
        self.default_words = {("only",): f"all {self.called or len(tasks)}"} if self.tasks else {}

    def problem(self, field: Field) -> str:
        wrong = super().problem(field)
        if not wrong and field.name == "skip" and not super().problem(self.by_path["only",]):
            wrong = contradiction(self.value(field), self.value(self.by_path["only",]))
        if wrong or field.name not in TASKS or not self.has_all_tasks or not self.tasks:
            return wrong
        unknown = unmatched(self.value(field), self.tasks)
        return f"there is no task {unknown[0]!r}{_nearest(unknown[0], self.tasks)}" if unknown else ""

    def about(self, field: Field) -> str:
        if field.name not in TASKS or not self.tasks:
            return field.description
        more = " …" if len(self.tasks) > SHOWN else ""
        called, others = (
            ", ".join(names) for names in (self.tasks[:SHOWN][: self.called], self.tasks[self.called : SHOWN])
        )
        told = [f"of {called}"] if called else []
        told += [f"not called lately: {others}" if called else f"of {others}"] if others else []
        return "; ".join(told) + more

    @property
    def left_out(self) -> list[str]:
        """Those of the tasks that will not be called."""
        values = self.values()
        skip, only = values.get("skip", []), values.get("only", [])
        return [task for task in self.tasks if is_left_out(task, skip, only)]


def _nearest(name: str, tasks: list[str]) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name, tasks, 1, 0.5)
    return f"; {found[0]}?" if found else ""


def form_of(flow: Flow) -> RunOptions:
    """The options, as the flow has them by default."""
    properties: dict[str, dict[str, Any]] = {
        "start": {
            "type": "string",
            "format": "start",
            "default": "now",
            "description": "It waits in the queue until then.",
        },
        "reuse": {
            "type": "boolean",
            "default": True,
            "description": "Results that tasks cached earlier; off runs the tasks again.",
        },
        "priority": {
            "type": "integer",
            "default": flow.priority,
            "minimum": LOWEST_PRIORITY,
            "maximum": HIGHEST_PRIORITY,
            "description": "Of runs that wait, the highest begins first.",
        },
        "tags": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "default": [],
            "description": "Of this run, in addition to the flow's.",
        },
        "only": _tasks("All other tasks are left out, and give None."),
        "skip": _tasks("These tasks are left out, and give None."),
    }
    return RunOptions({"properties": properties})


def _tasks(description: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "default": [], "description": description}


def asked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not the default, as fields of `RunFlow`."""
    found: dict[str, Any] = {name: options[name] for name in ("priority", "tags", *TASKS) if name in options}
    if "start" in options:
        found["scheduled_for"] = datetime.fromisoformat(options["start"]).timestamp()
    if not options.get("reuse", True):
        found["refresh"] = True
    return found


def words(options: Mapping[str, Any]) -> list[str]:
    """The same for `tui-flow run`."""
    found = []
    if "start" in options:
        at = f"{datetime.fromisoformat(options['start']):%Y-%m-%d %H:%M:%S}"
        found.append(f"--at {shlex.quote(at)}")
    if not options.get("reuse", True):
        found.append("--refresh")
    if "priority" in options:
        found.append(f"--priority {options['priority']}")
    for option, name in (("--tag", "tags"), ("--only", "only"), ("--skip", "skip")):
        found += [f"{option} {shlex.quote(one)}" for one in options.get(name, ())]
    return found
