"""Runs of one flow file, attempt after attempt."""

from pathlib import Path
from typing import Any

from tests.sdk.keeping import Kept, Make
from tui_flow.contract import journal, log, rundir

PRELUDE = """
from pathlib import Path
from tui_flow import flow, task

def note(word):
    with Path("noted").open("a") as file:
        file.write(f"{word}\\n")
"""
TWO_STEPS = """
@task
def extract(day: int) -> list[int]:
    note("extract")
    return [day, day + 1]

@task
def load(rows: list[int]) -> int:
    note("load")
    if not Path("ready").exists():
        raise ValueError("not ready")
    return sum(rows)

@flow
def sample(day: int = 1):
    total = load(extract(day))
    Path("total").write_text(str(total))
"""


class Attempts:
    """A flow file, and one run of its flow `sample` with its attempts."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._kept: Kept | None = None
        self.project = Path()
        self.attempt = 0

    def write(self, text: str, name: str = "sample.py") -> None:
        (self.flows / name).write_text(text)

    @property
    def kept(self) -> Kept:
        if self._kept is None:
            self._kept = self._make()
            self.project = Path(self._kept.spec.project)
        return self._kept

    @property
    def flows(self) -> Path:
        return Path(self.kept.spec.project) / "flows"

    def run(self, text: str | None = None, **changes: Any) -> journal.RunEnded:
        """The next attempt, with the flow file as given; its last word."""
        if text is not None:
            self.write(PRELUDE + text)
        kept = self.kept
        self.attempt += 1
        first = (
            max((event.id for event in kept.events if isinstance(event, journal.TaskCreated)), default=0) + 1
        )
        spec = kept.spec._replace(attempt=self.attempt, first_task_run_id=first, **changes)
        rundir.write_spec(kept.directory, spec)
        kept.wait(kept.start())
        ended = [event for event in kept.events if isinstance(event, journal.RunEnded)]
        assert len(ended) == self.attempt
        return ended[-1]

    def noted(self) -> list[str]:
        """What the bodies noted since the last time that this was asked."""
        path = self.project / "noted"
        words = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return words

    @property
    def events(self) -> list[Any]:
        """Those of the last attempt."""
        events = self.kept.events
        begins = [at for at, event in enumerate(events) if isinstance(event, journal.RunStarted)]
        return events[begins[-1] :]

    def states(self) -> list[str]:
        """The last attempt's task runs, each as "load cached Reused"."""
        names = {event.id: event.name for event in self.events if isinstance(event, journal.TaskCreated)}
        return [
            f"{names[event.id]} {event.state} {event.state_name}"
            for event in self.events
            if isinstance(event, journal.TaskFinished)
        ]

    @property
    def said(self) -> str:
        records = [log.decode(line) for line in self.kept.log.splitlines(keepends=True) if line[:1] != b"\t"]
        return "\n".join(record.message for record in records if record)
