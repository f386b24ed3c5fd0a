"""A keeper and a worker that were forked ahead go through the motions once, for nobody to see, before they wait.

A forked process shares its memory with its parent until it writes to it, and each page that it writes to first costs
some microseconds. Those that every run writes to are a few hundred: milliseconds that a run would begin later.
"""

import json
import os
import time
from pathlib import Path

from tui_flow.contract import journal, log, rundir
from tui_flow.sdk.appending import Journal, Log
from tui_flow.sdk.flow_run import at_work
from tui_flow.sdk.flows import Flow
from tui_flow.sdk.ladder import Ladder
from tui_flow.sdk.names import generated_name
from tui_flow.sdk.overtime import Overtime
from tui_flow.sdk.recorder import Silence
from tui_flow.sdk.runs import FlowRun, RunTree

_NOWHERE = Path(os.devnull)
_SPEC = rundir.RunSpec(
    run_id=0, flow="", path="", function="", parameters={}, run_name=None, tags=[], trigger="", created_at=0.0,
    project="", cookie="", timeout_seconds=None, grace_seconds=0.0,
)  # fmt: skip


def _nothing() -> None:
    """What the rehearsed flow does."""


def keep() -> None:
    """As a keeper, from its order to the start of its run."""
    spec = rundir.RunSpec(**json.loads(json.dumps(_SPEC._asdict())))
    events = Journal(_NOWHERE)
    said = Log(_NOWHERE)
    Overtime(events, spec.timeout_seconds).begin()
    Ladder(spec.cookie).climb()
    (_NOWHERE.parent / rundir.CANCEL).exists()
    events.append(journal.RunStarted(time.time(), 1, os.getpid(), 0, os.uname().nodename, ""))
    said.write(log.encode(time.time(), "INFO", None, 1, log.STDOUT, ""))
    events.close()
    said.close()


def work() -> None:
    """As a worker, from its order to the end of a flow that does nothing and reports to nobody."""
    from tui_flow.sdk.effects import drive
    from tui_flow.sdk.run_logic import run_flow

    spec = rundir.RunSpec(**json.loads(json.dumps(_SPEC._asdict())))
    run = FlowRun(Flow(_nothing), RunTree(_Nobody(), in_worker=True), name=generated_name(), tags=frozenset())
    with at_work(run, console=False):
        drive(run_flow(run, (), spec.parameters))


class _Nobody(Silence):
    """Has every event and every line put into words, as the recorder of a run does."""

    def record(self, event: journal.Event) -> None:
        journal.encode(event)

    def log(self, at: float, level: str, task_run: int | None, tries: int, logger: str, message: str) -> None:
        log.encode(at, level, task_run, tries, logger, message)
