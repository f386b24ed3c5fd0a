"""The views as pictures, at one size and one moment: `pytest tests/tui/test_pictures.py --snapshot-update` draws them
anew, and the change is looked at in the diff."""

import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from tests.store.rows import a_fire_time
from tests.tui.pages import FakeEngine
from tests.tui.project import NOON, Project, said, the_task
from tests.tui.schedules import DAY
from tui_flow.alerts import rules
from tui_flow.alerts.happenings import Happening
from tui_flow.contract.schedules import Cron, Interval, OnEvent
from tui_flow.contract.states import AlertKind, FireOutcome, FireReason
from tui_flow.store import alerts, schedules
from tui_flow.tui.app import Console
from tui_flow.tui.presentation.address import Address

NOW = NOON + 60 * 830


@pytest.fixture
def night(etl: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The morning after: one moment, one host, one zone."""
    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setenv("HOSTNAME", "etl-01")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    etl.schedule("etl_daily", Cron("0 3 * * *", "Europe/Paris"), at=NOW - DAY)
    cleanup = etl.schedule("cleanup_tmp", Interval(300.0), at=NOW - DAY, slug="often")
    etl.schedule("ingest_s3", OnEvent("day.closed"), at=NOW - DAY)
    paused = etl.schedule("reports_v2", Cron("0 6 * * 1", "Europe/Paris"), at=NOW - DAY)
    schedules.pause(etl.db, paused.id, "ops", "the source is down", NOW - 2 * DAY)
    missed = a_fire_time(cleanup.id, NOW - 7200, outcome=FireOutcome.MISSED, reason=FireReason.DOWN, until=NOW - 3600, times=12)  # fmt: skip
    schedules.insert_fire_times(etl.db, [missed])
    for at in (NOW - 3 * DAY, NOW - DAY, NOON + 60 * 812 + 192):
        etl.alert(at=at)
    broken = Happening(AlertKind.BROKEN_FILE, "", "flows/reports_v2.py", "SyntaxError: invalid syntax", NOW - 600, None, "flows/reports_v2.py", 3)  # fmt: skip
    alerts.save(etl.db, rules.acknowledged(etl.alert(broken, at=NOW - 600), "ops", NOW - 60))
    alerts.keep_message(etl.db, 1, "notify.sh", NOW - 30, True, "exit 0, 0.3s")
    alerts.keep_note(etl.db, 1, NOW - 20, "ops", "wh-2 restarts on Tuesdays at 03:00")
    yield etl
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("view", "size", "text"),
    [
        ("schedule", (80, 24), "peak 1 of 8 slots"),
        ("schedule", (160, 45), "● several"),
        ("alerts", (80, 24), "not run because of it"),
        ("alerts", (160, 45), "14 DAYS"),
    ],
    ids=["schedule", "schedule-wide", "alerts", "alerts-wide"],
)
def test_a_view_looks_as_it_did(
    night: Project, snap_compare: Callable[..., bool], view: str, size: tuple[int, int], text: str
) -> None:
    app = Console(night.settings, connect=FakeEngine().connect, begin=Address(view))
    assert snap_compare(app, terminal_size=size, run_before=settled(text))


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_flows_look_as_they_did(
    night: Project, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    started = {"started_at": NOW - 30, "created_at": NOW - 31}
    night.run(600, "cleanup_tmp", took=41.0)
    night.tasks(600, [the_task(n, f"part_{n}", at=36_000.0 + 10 * n, took=10) for n in (1, 2, 3)])
    night.run(813, "cleanup_tmp", "running", **started)
    night.tasks(813, [the_task(1, "part_1"), the_task(2, "part_2", "running")])
    night.set_run(501, "running", **started)
    night.tasks(
        501, [the_task(1, "list"), the_task(2, "load", "retrying", tries=2, max_tries=3, due_at=NOW + 12)]
    )
    app = Console(night.settings, connect=FakeEngine().connect)
    assert snap_compare(app, terminal_size=size, run_before=settled("↻ load", "last ok"))


def settled(*texts: str) -> Callable[[Any], Awaitable[None]]:
    """Until these texts stand on the screen, and the picture no longer changes."""

    async def wait(pilot: Any) -> None:
        before, same = "", 0
        for _ in range(600):
            await pilot.pause(0.03)
            now = "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
            is_there = all(text in now for text in ("engine ok", *texts))
            same = same + 1 if now == before and is_there else 0
            before = now
            if same > 12:
                screen: Any = pilot.app.screen
                describe = screen.section._describe if hasattr(screen, "section") else screen.update
                describe()  # what the frames say of what is in sight, now that the layout stands
                await pilot.pause(0.1)
                return
        raise AssertionError(f"it never settled:\n{before}")

    return wait


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_failed_run_looks_as_it_did(
    night: Project, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    app = Console(night.settings, connect=FakeEngine().connect, begin=Address("runs", run_id=812))
    assert snap_compare(app, terminal_size=size, run_before=settled("opened at the first error"))


def test_a_search_looks_as_it_did(night: Project, snap_compare: Callable[..., bool]) -> None:
    night.log(803, said("retrying after timeout (1/1)", "WARNING"))
    app = Console(
        night.settings, connect=FakeEngine().connect, begin=Address("logs", "timeout|refused level>=WARN")
    )
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled("3 hits in 2 runs"))
