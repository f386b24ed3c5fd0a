"""Slots of named limits (`contract.limits`), for `concurrency.sync` and `concurrency.asyncio`, and for tasks by their tags."""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.contract import journal, limits, rundir
from tui_flow.contract.limits import Hold, Limit
from tui_flow.contract.waiting_line import Place
from tui_flow.counting import counted
from tui_flow.sdk.asking import project_of
from tui_flow.sdk.context import parent_of_task
from tui_flow.sdk.exceptions import AcquireConcurrencySlotTimeoutError, ConcurrencySlotAcquisitionError
from tui_flow.sdk.logging import get_logger, logger_of

if TYPE_CHECKING:
    from tui_flow.sdk.runs import TaskRun

LONGEST_WAIT_SECONDS = 0.25
"""Between two looks whether there are slots."""
AWAITS_SLOT = "AwaitingConcurrencySlot"
"""The name, as Prefect has it, of the state of a task run that may not begin before it has the slots of its tags."""
RETRY_SECONDS = 1.0
"""What one of `max_retries` stands for."""


class Wish:
    """Slots that the caller wants, and how long it waits for them."""

    def __init__(
        self,
        names: str | Iterable[str],
        occupy: int,
        *,
        keeps: bool,
        timeout_seconds: float | None = None,
        max_retries: int | None = None,
        strict: bool = False,
        run: "TaskRun | None" = None,
    ) -> None:
        """`run` is a task run that waits for the slots of its tags, and else the one that the caller is in.

        Raises ConcurrencySlotAcquisitionError for a limit that is not there and `strict`, or that cannot give
        what is asked for; ValueError for what is no name and no number."""
        if isinstance(occupy, bool) or not isinstance(occupy, int) or occupy < 1:
            raise ValueError(f"occupy is to be a whole number of at least 1, not {occupy!r}")
        self._occupy, self._keeps = occupy, keeps
        self._run = run or parent_of_task()
        self._state_name = AWAITS_SLOT if run else ""
        self._state_dir = rundir.open_state_dir(project_of(self._run))
        self._limits = self._found([names] if isinstance(names, str) else list(names), strict)
        waits = [timeout_seconds] + ([] if max_retries is None else [max_retries * RETRY_SECONDS])
        self.patience = min((float(one) for one in waits if one is not None), default=float("inf"))

    def tries(self) -> Iterator[Hold | float]:
        """Asks again and again; gives seconds to wait, and at last the slots. Raises TimeoutError when it is too late."""
        if not self._limits:
            yield Hold({})
            return
        deadline, place, wait = time.monotonic() + self.patience, None, 0.0
        try:
            while not isinstance(found := self._ask(place), Hold):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AcquireConcurrencySlotTimeoutError(
                        f"no slots of {self._names} within {self.patience:g} s"
                    )
                if not wait:
                    self._logger.info("Waits for %s of limit %s", counted(self._occupy, "slot"), self._names)
                    if self._run is not None:
                        self._tell(self._who_is_full())
                    place = limits.wait_in_line(self._state_dir, self._limits)
                wait = limits.AGAIN_SECONDS if place or not wait else wait * 1.5
                yield min(max(found, wait), LONGEST_WAIT_SECONDS, left)
        finally:
            if place is not None:
                place.leave()
            if wait and not self._state_name:  # of a task run that begins now, that says enough
                self._tell("")
        yield found

    def _tell(self, awaited: str) -> None:
        """What is waited for, to the journal of the run that waits, if there is one."""
        if self._run is not None:
            event = journal.SlotsAwaited(time.time(), self._run.number, awaited, self._state_name)
            self._run.tree.record(event)

    def _who_is_full(self) -> str:
        """ "tag heavy (4/4), database (5/5)"."""
        return ", ".join(
            f"{limit.name.replace(':', ' ')} ({limits.in_use(self._state_dir, limit):g}/{limit.limit})"
            for limit in self._limits
        )

    def _ask(self, place: Place | None) -> Hold | float:
        return limits.acquire(
            self._state_dir, self._limits, self._occupy, self._holder, keeps=self._keeps, place=place
        )

    @property
    def _holder(self) -> str:
        """Who has the slots, in words for people."""
        run = self._run
        return (
            f"run {run.tree.run_id} {run.name}"
            if run is not None and run.tree.run_id
            else f"pid {os.getpid()}"
        )

    @property
    def _logger(self) -> Any:
        return get_logger("concurrency") if self._run is None else logger_of(self._run)

    @property
    def _names(self) -> str:
        return ", ".join(limit.name for limit in self._limits)

    def _found(self, names: list[str], strict: bool) -> list[Limit]:
        """The limits that hold; says what is wrong with the others."""
        found = {name: limits.load(self._state_dir, name) for name in dict.fromkeys(names)}
        missing = [name for name, limit in found.items() if limit is None]
        if missing and strict:
            raise ConcurrencySlotAcquisitionError(
                f"Concurrency limits {missing!r} must be created before acquiring slots: tui-flow limit set {missing[0]} 5"
            )
        if missing:
            self._logger.warning(
                "Concurrency limits %r do not exist - skipping acquisition. `tui-flow limit set %s 5` makes one.",
                missing, missing[0],
            )  # fmt: skip
        active = [limit for limit in found.values() if limit is not None and limit.is_active]
        for limit in active:
            self._refuse_impossible(limit)
        return active

    def _refuse_impossible(self, limit: Limit) -> None:
        if not self._keeps and not limit.slot_decay_per_second:
            raise ConcurrencySlotAcquisitionError(
                f"limit {limit.name!r} has no slot decay, so it is no rate limit: "
                f"tui-flow limit set {limit.name} {limit.limit} --refill 2"
            )
        if 0 < limit.limit < self._occupy:
            raise ConcurrencySlotAcquisitionError(
                f"limit {limit.name!r} has {counted(limit.limit, 'slot')}, and {self._occupy} are asked for at once"
            )


def tag_limits(run: "TaskRun") -> list[str]:
    """The names of the limits that hold for a task run with these tags. A few microseconds where there are none."""
    project = run.tree.project
    if not project:
        return []
    state_dir = Path(project, rundir.STATE_DIR)
    return [
        name for name in (f"{limits.TAG}{tag}" for tag in sorted(run.tags)) if limits.exists(state_dir, name)
    ]
