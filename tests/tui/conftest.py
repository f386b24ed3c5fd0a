from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.project import Project, said, seed_etl


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


@pytest.fixture
def said_often(etl: Project) -> Project:
    """Runs 803, 810 and 811 of etl_daily, and 500 of cleanup_tmp, speak of timeouts as run 812 does."""
    for id in (500, 803, 810, 811):
        etl.log(
            id, said("flow started"), said("retrying after Timeout (1/1)", "WARNING"), said("fine", "DEBUG")
        )
    etl.log(
        811,
        *(said(f"row {n}") for n in range(300)),
        said("a timeout\nin the middle"),
        *(said("x") for _ in range(50)),
    )
    return etl
