"""A keeper and a worker that were forked ahead go through the motions once, for nobody to see, before they wait.

A forked process shares its memory with its parent until it writes to it, and each page that it writes to first costs
some microseconds. Those that every run writes to are a few hundred: milliseconds that a run would begin later.
"""

import os
import time
from pathlib import Path

from tui_flow.contract import journal, log, orders, rundir
from tui_flow.contract.version import Version
from tui_flow.sdk import stacks
from tui_flow.sdk.appending import Journal, Log
from tui_flow.sdk.capture import Capture
from tui_flow.sdk.flow_run import run_spec
from tui_flow.sdk.flows import Flow
from tui_flow.sdk.ladder import Ladder
from tui_flow.sdk.overtime import Overtime
from tui_flow.sdk.recorder import Silence

_NOWHERE = Path(os.devnull)
_SPEC = rundir.RunSpec(
    run_id=0, flow="", path="", function="", parameters={}, run_name=None, tags=[], trigger="", created_at=0.0,
    project="", cookie="", timeout_seconds=None, grace_seconds=0.0,
)  # fmt: skip


def _nothing() -> None:
    """What the rehearsed flow does."""


def keep() -> None:
    """As a keeper, from its order to the start of its run."""
    spec = _ordered(_SPEC)
    lock = rundir.take_lock(_NOWHERE)
    if lock is not None:  # perhaps another keeper's rehearsal has it
        os.close(lock)
    events = Journal(_NOWHERE)
    events.attempts()
    said = Log(_NOWHERE)
    Capture(
        os.open(_NOWHERE, os.O_RDONLY | os.O_CLOEXEC), log.STDOUT, "INFO", said, lambda: None, spec.cookie
    ).finish()
    Overtime(events, spec.timeout_seconds).begin()
    Ladder(spec.cookie).climb()
    (_NOWHERE.parent / rundir.CANCEL).exists()
    events.append(journal.RunStarted(time.time(), 1, os.getpid(), 0, os.uname().nodename, ""))
    said.write(log.encode(time.time(), "INFO", None, 1, log.STDOUT, ""))
    events.close()
    said.close()


def work(project: Path, path: Path, version: Version) -> None:
    """As a worker of that template, from its order to the end of a flow that does nothing and reports to nobody."""
    spec = _ordered(_SPEC._replace(project=str(project), path=str(path)))
    stacks.answer_no_more()  # nobody asks yet, and what it takes to answer is there
    sha, modules = version.sha, version.module_shas
    run_spec(Flow(_nothing), spec, _NOWHERE.parent, _Nobody(), source_sha=sha, modules=modules)


def _ordered(spec: rundir.RunSpec) -> rundir.RunSpec:
    order = orders.decode(orders.encode(orders.Order(0, _NOWHERE.parent, ["", ""], spec)))
    assert order.spec is not None
    return order.spec


class _Nobody(Silence):
    """Has every event and every line put into words, as the recorder of a run does."""

    def record(self, event: journal.Event) -> None:
        journal.encode(event)

    def log(self, at: float, level: str, task_run: int | None, tries: int, logger: str, message: str) -> None:
        log.encode(at, level, task_run, tries, logger, message)
