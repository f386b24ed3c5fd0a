"""Projects for the tests of the fault matrix: an engine that is started, killed and started again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import project  # noqa: F401  (the same folder, cleaned up in the same way)
from tests.engine.running import Running


@pytest.fixture
def engine(project: Path) -> Iterator[Running]:  # noqa: F811
    """The project with an engine that starts when it is first asked something."""
    running = Running(project)
    yield running
    running.stop()
