"""A supervisor without processes, in tests of many runs: a run goes on until the test says how it ends."""

from pathlib import Path

from tests.engine.journals import append, lines
from tui_flow.contract import journal, rundir
from tui_flow.contract.attempts import anew
from tui_flow.contract.journal import RunEnded
from tui_flow.engine.clock import Clock


class FakeSupervisor:
    """Writes what keeper and worker would."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._guarded: dict[int, Path] = {}
        self.started: set[int] = set()
        self.order: list[int] = []
        """Every start, in order."""
        self.most_at_once = 0

    def start(self, run_id: int, directory: Path) -> None:
        spec = rundir.read_spec(directory)
        assert spec is not None
        at = self._clock.time()
        self._guarded[run_id] = directory
        self.started.add(run_id)
        self.order.append(run_id)
        self.most_at_once = max(self.most_at_once, len(self._guarded))
        begun = [
            journal.RunStarted(at, spec.attempt, 1, 2, "here", "3"),
            journal.FlowStarted(
                at, spec.flow, "fake", 1 + spec.tries_before, "", spec.parameters, sorted(spec.tags)
            ),
        ]
        append(directory, lines(begun[:1] if (directory / rundir.CANCEL).exists() else begun))

    def guards(self, run_id: int) -> bool:
        return run_id in self._guarded

    @property
    def running(self) -> list[int]:
        return list(self._guarded)

    def end(self, run_id: int, state: str = "completed") -> None:
        """The run's worker reports, and its keeper has the last word."""
        directory = self._guarded.pop(run_id)
        spec = rundir.read_spec(directory)
        assert spec is not None
        at, reason = self._clock.time(), "returned" if state == "completed" else "error"
        report = journal.FlowFinished(at, state, state.capitalize(), reason, "", None)
        append(directory, lines([report, RunEnded(at, state, reason, "", 0, None, spec.attempt)]))

    def hear(self, run_id: int) -> None:
        """The run's keeper looks whether it is to end, and does so."""
        directory = self._guarded[run_id]
        request, spec = rundir.read_cancel(directory), rundir.read_spec(directory)
        if request is None:
            return
        assert spec is not None
        del self._guarded[run_id]
        at, message = self._clock.time(), f"cancelled by {request.by}"
        word = RunEnded(at, "cancelled", "cancelled", message, None, None, spec.attempt)
        append(directory, lines([journal.RunCancelling(at, request.by), word]))

    def adopt(self, other: "FakeSupervisor") -> None:
        """The keepers of an engine that was killed live on."""
        self._guarded, self.started = dict(other._guarded), set(other.started)

    def crash(self, run_id: int) -> None:
        """The run's worker is killed, and its keeper has the last word."""
        directory = self._guarded.pop(run_id)
        spec = rundir.read_spec(directory)
        assert spec is not None
        word = RunEnded(self._clock.time(), "crashed", "signal", "killed", None, "SIGKILL", spec.attempt)
        append(directory, lines([anew(word, spec, 1 + spec.tries_before, None)]))

    def vanish(self, run_id: int) -> None:
        """Worker and keeper are killed at once: nobody says anything."""
        del self._guarded[run_id]

    def say(self, run_id: int, *events: journal.Event) -> None:
        """The run's journal gets these."""
        append(self._guarded[run_id], lines(list(events)))
