import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.project import Project, said, seed_etl
from tests.tui.schedules import DAY, HOUR
from tui_flow.contract.schedules import At, Cron, Interval, OnEvent
from tui_flow.store import schedules
from tui_flow.tui.presentation import times


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


@pytest.fixture
def planned(etl: Project) -> Project:
    """What most stories need: one flow fires in two hours, one every five minutes, one waits, one is paused."""
    now = time.time()
    etl.schedule("etl_daily", At((now + 2 * HOUR,)), at=now - DAY)
    etl.schedule("cleanup_tmp", Interval(300.0), at=now - DAY)
    etl.schedule("ingest_s3", OnEvent("day.closed"), at=now - DAY, slug="closed")
    paused = etl.schedule("reports_v2", Cron("0 3 * * *", "Europe/Paris"), at=now - DAY)
    schedules.pause(etl.db, paused.id, "uid 4294967294", "the source is down", now - 2 * DAY)
    return etl


@pytest.fixture
def in_utc() -> None:
    times.show_in("utc")


@pytest.fixture(autouse=True)
def here_again() -> Iterator[None]:
    """Whatever a test does, the next one is shown times as they are on this machine."""
    yield
    times.show_in("here")
