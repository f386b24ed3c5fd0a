from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_flow.store import database


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[database.Connection]:
    """A new history, open for writing."""
    db = database.open_writer(tmp_path)
    yield db
    db.close()
