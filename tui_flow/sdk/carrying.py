"""`with_context`: a function that runs for the current run in processes and threads of the author's own.

What it logs there is the run's. Tasks that it calls in another process run without being recorded, as in any process that
a run forks: their numbers are the run's to give.
"""

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from tui_flow.sdk import logging, stand_ins
from tui_flow.sdk.context import current, current_tags, live_roots
from tui_flow.sdk.flow_run import at_work
from tui_flow.sdk.masking import masker
from tui_flow.sdk.readable import readable
from tui_flow.sdk.recorder import RunRecorder, Silence
from tui_flow.sdk.runs import FlowRun, RunTree, TaskRun
from tui_flow.sdk.tasks import Task

_TRY = ("number", "run_count")
_stand_ins: "dict[Any, FlowRun | TaskRun]" = {}
"""By process, run directory and try: a pool unpickles the function again and again."""


class Carried:
    """A function, and the run that it was made in."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        self._run: Any = current.get()
        self._pid = os.getpid()
        self._facts = _facts_of(self._run) if self._run is not None else None
        self._tags = current_tags.get()
        self.__name__ = getattr(fn, "__name__", type(fn).__name__)
        self.__doc__ = fn.__doc__

    def __getstate__(self) -> dict[str, Any]:
        """Without the run itself, which stays in its process, and with what is hidden by now."""
        return {**self.__dict__, "_run": None, "_pid": 0, "_secrets": masker.pieces}

    def __setstate__(self, state: dict[str, Any]) -> None:
        masker.hide(state.pop("_secrets"))
        self.__dict__.update(state)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._facts is None:
            return self.fn(*args, **kwargs)
        if self._run is None or self._pid != os.getpid():
            self._run, self._pid = _stand_in(self._facts), os.getpid()
        run, tags = current.set(self._run), current_tags.set(self._tags)
        is_heard = nullcontext() if live_roots else at_work(self._run.flow_run, self._facts["console"])
        try:
            with is_heard:
                return self.fn(*args, **kwargs)
        finally:
            current_tags.reset(tags)
            current.reset(run)


class _LogOnly(Silence):
    """Log lines go into the run's log, and nothing goes into its journal."""

    is_foreign = True

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._log = RunRecorder(directory)

    def log(self, at: float, level: str, task_run: int | None, tries: int, logger: str, message: str) -> None:
        self._log.log(at, level, task_run, tries, logger, message)


def _facts_of(run: "FlowRun | TaskRun") -> dict[str, Any]:
    owner = run.flow_run
    return {
        "console": logging.is_on_console(),
        "directory": run.tree.recorder.directory,
        "tree": stand_ins.facts_of_tree(run.tree),
        "flow": stand_ins.facts_of_flow(owner),
        "flow_run": stand_ins.facts_of(owner),
        "parameters": readable(owner.parameters),
        "task": run.task.name if isinstance(run, TaskRun) else None,
        "task_run": stand_ins.facts_of(run) if isinstance(run, TaskRun) else {},
    }


def _stand_in(facts: dict[str, Any]) -> "FlowRun | TaskRun":
    """What stands for the run in another process."""
    directory, task_run = facts["directory"], facts["task_run"]
    key = (
        os.getpid(),
        directory,
        *(facts["flow_run"][it] for it in _TRY),
        *(task_run.get(it) for it in _TRY),
    )
    if key not in _stand_ins:
        _stand_ins[key] = _made(facts, directory)
    return _stand_ins[key]


def _made(facts: dict[str, Any], directory: Path | None) -> "FlowRun | TaskRun":
    tree = RunTree(_LogOnly(directory) if directory else Silence(), **facts["tree"])
    owner = stand_ins.flow_run(tree, facts["flow"], facts["flow_run"], facts["parameters"])
    if facts["task"] is None:
        return owner
    return stand_ins.task_run(owner, Task(stand_ins.not_here, name=facts["task"]), facts["task_run"])
