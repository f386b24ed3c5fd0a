"""A project whose flows wait until a test lets them go on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import Project, temporary_project

FLOWS = '''
    """Flows that a test holds and lets go."""
    import time
    from pathlib import Path

    from tui_flow import flow, get_run_logger, task

    GATE = Path(__file__).parent.parent / "gate"


    @task
    def tick(n: int) -> int:
        return n


    @task
    def wait_for_gate() -> None:
        get_run_logger().info("waiting at the gate")
        while not GATE.exists():
            time.sleep(0.01)


    @flow
    def gated(ticks: int = 50) -> int:
        """Tick, wait, tick again."""
        before = tick.map(range(ticks)).result()
        wait_for_gate()
        after = [tick(n) for n in range(ticks)]
        return sum(before) + sum(after)


    @flow
    def quick(name: str = "world") -> str:
        """Say hello."""
        get_run_logger().info("hello %s", name)
        return name


    if __name__ == "__main__":
        quick("script")
'''


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with temporary_project(tmp_path / "project") as found:
        found.write("tiny.py", FLOWS)
        yield found


@pytest.fixture
def gate(project: Project) -> Iterator[Path]:
    """The file that lets `gated` go on; it is open at the latest when the test is over."""
    path = project.root / "gate"
    yield path
    path.touch()
