"""An engine that forks its runs from templates, or spawns them, and what such a run leaves."""

from pathlib import Path
from typing import Any

from tests.engine.processes import processes_of
from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.contract import journal, log
from tui_flow.contract.commands import Sync
from tui_flow.contract.rundir import run_dir
from tui_flow.contract.version import VERSION


class House:
    """A project with an engine that starts its runs in one of the two ways."""

    def __init__(self, engine: Running, way: str) -> None:
        self.engine, self.way = engine, way
        seconds = "600" if way == "template" else "0"
        engine.serve("--stay", TUI_FLOW_TEMPLATE_IDLE_SECONDS=seconds)

    def write(self, name: str, text: str) -> Path:
        """Saves a flow file, and waits until it is described."""
        path = self.engine.write(name, text)
        self.engine.ask(Sync(files=True))
        return path

    def start(self, flow: str, **parameters: Any) -> int:
        return self.engine.run(flow, **parameters)

    def finish(self, flow: str, **parameters: Any) -> "Done":
        """A run of that flow, to its end, begun in the way that was wanted."""
        done = self.done(self.start(flow, **parameters))
        assert done.was_forked == (self.way == "template")
        return done

    def done(self, run_id: int) -> "Done":
        return Done(self.engine, run_id, self.engine.wait_for(run_id))


class Done:
    """A run that is over."""

    def __init__(self, engine: Running, run_id: int, run: Any) -> None:
        self.run, self.directory = run, run_dir(engine.state_dir, run_id)

    @property
    def was_forked(self) -> bool:
        return not (self.directory / VERSION).exists()

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    def lines(self, logger: str) -> list[str]:
        found = [log.decode(line) for line in (self.directory / "log").read_bytes().splitlines(keepends=True)]
        return [record.message for record in found if record and record.logger == logger]

    @property
    def events(self) -> list[Any]:
        return [journal.decode(line) for line in (self.directory / "journal").read_bytes().splitlines()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def templates_of(engine: Running) -> dict[int, str]:
    return {
        pid: command for pid, command in processes_of(engine.project).items() if "sdk.template" in command
    }


def only_template_of(engine: Running) -> int:
    """The one there is; what it has just forked looks like it for a moment."""
    return wait_until(lambda: len(found := templates_of(engine)) == 1 and next(iter(found)))
