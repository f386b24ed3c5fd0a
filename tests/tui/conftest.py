from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.project import Project, seed_etl


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty project."""
    project = Project(tmp_path / "demo")
    yield project
    project.close()


@pytest.fixture
def etl(project: Project) -> Project:
    """A project whose flow etl_daily failed in run 812."""
    seed_etl(project)
    return project
