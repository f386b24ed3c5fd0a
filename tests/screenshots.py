"""`python -m tests.screenshots` draws screenshots/*.svg: the real console, on real runs of the repository's own flows."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.waiting import wait_until
from tui_flow import client
from tui_flow.client.blocking import Connection
from tui_flow.contract.commands import CancelRun, RunFlow, StopEngine, Sync
from tui_flow.contract.rundir import ENGINE_LOCK, lock_holder
from tui_flow.contract.states import TERMINAL
from tui_flow.settings import Settings
from tui_flow.store import database, runs
from tui_flow.tui.app import Console
from tui_flow.tui.presentation.address import Address

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "screenshots"
_FONT = re.compile(r"@font-face\s*\{.*?\}\s*", re.DOTALL)
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono'"
"""What a reader's machine has; nothing is fetched."""
EARLIER = (
    *(("hello", {"name": name}) for name in ("Ada", "Grace", "Edsger", "Barbara", "Donald")),
    *(("host_health", {}),) * 3,
    *(("zone_report", {}),) * 2,
    ("orders", {"day": "2026-08-19", "shops": ["paris", "lyon"], "target": {"batch": 500}}),
    *(("flaky_api", {"failures": failures}) for failures in (1, 2, 3, 9)),
)
"""The runs that are over when the pictures are made."""
SCHEDULED = """
from tui_flow import Cron, Interval, flow, on_event


@flow(schedule=Cron("0 3 * * *", timezone="Europe/Paris"))
def etl_daily(): ...


@flow(schedule=Cron("0 3 * * *", timezone="Europe/Paris"))
def backup(): ...


@flow(schedule=[Cron("30 2 * * *", timezone="Europe/Paris", slug="nightly"), Cron("0 14 * * 1-5", timezone="Europe/Paris")])
def invoices(): ...


@flow(schedule=Cron("*/15 * * * *"))
def heartbeat(): ...


@flow(schedule=Interval(3600, jitter=600))
def cleanup(): ...


@flow(schedule=Cron("0 6 * * 1", timezone="America/New_York", active=False))
def archive(): ...


@flow(schedule=on_event("day.closed"))
def report(): ...
"""
"""What stands in the picture of the schedules."""
ORDERS = """
from datetime import date
from typing import Literal

from pydantic import BaseModel
from tui_flow import flow, task


class Target(BaseModel):
    host: str = "warehouse"
    batch: int = 100


@task
def extract(day: date) -> int:
    return 812


@task
def load(rows: int, target: Target): ...


@task
def mail(rows: int): ...


@flow
def orders(
    day: date,
    mode: Literal["append", "replace", "upsert"] = "append",
    shops: list[str] = [],
    target: Target = Target(),
    mirror: Target | None = None,
):
    rows = extract(day)
    load(rows, target)
    mail(rows)
"""
"""What stands in the picture of the form."""


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with demo_folder() as project:
        shutil.copytree(
            ROOT / "flows", project / "flows", ignore=shutil.ignore_patterns("out", "__pycache__")
        )
        (project / "flows" / "nightly.py").write_text(SCHEDULED)
        (project / "flows" / "orders.py").write_text(ORDERS)
        settings = Settings(project=project)
        with client.connect(settings) as engine:
            try:
                engine.ask(Sync(files=True))
                failed = [start(settings, engine, flow, values) for flow, values in EARLIER][-1]
                census = int(engine.ask(RunFlow("code_census", trigger="console"))["run_id"])
                asyncio.run(draw_all(settings, failed, census))
            finally:
                end_all(settings, engine)
                engine.ask(StopEngine())
        wait_until(lambda: lock_holder(settings.state_dir / ENGINE_LOCK) is None)


@contextmanager
def demo_folder() -> Iterator[Path]:
    """A folder whose name looks the same in every picture, and is gone afterwards."""
    folder = Path(tempfile.gettempdir()) / "tui-flow-pictures"
    folder.mkdir(mode=0o700)
    try:
        yield folder / "demo"
    finally:
        shutil.rmtree(folder)


def start(settings: Settings, engine: Connection, flow: str, values: dict[str, Any]) -> int:
    """Runs a flow to its end."""
    run_id = int(engine.ask(RunFlow(flow, values, trigger="console"))["run_id"])
    over(settings, run_id)
    return run_id


def end_all(settings: Settings, engine: Connection) -> None:
    """Kills what still runs, so that nothing is left behind."""
    db = database.open_reader(settings.state_dir)
    active = [run.id for run in runs.list_active(db)]
    db.close()
    for run_id in active:
        engine.ask(CancelRun(run_id, kill=True))
        over(settings, run_id)


def over(settings: Settings, run_id: int) -> None:
    db = database.open_reader(settings.state_dir)

    def ended() -> bool:
        run = runs.get_run(db, run_id)
        return run is not None and run.state in TERMINAL

    try:
        wait_until(ended, timeout=30.0, what=f"the end of run {run_id}")
    finally:
        db.close()


async def draw_all(settings: Settings, failed: int, census: int) -> None:
    await draw(settings, "run", "does not parse", open_run=census)
    await draw(settings, "flows", "running")
    await draw(settings, "flows-wide", "last 24h", size=(160, 45))
    await draw(settings, "failed-run", "error 1/", open_run=failed)
    await draw(settings, "wide", "r f  reuse", open_run=failed, size=(160, 45))
    await draw(settings, "rerun", "as it was          reuse", open_run=failed, keys=("r",))
    await draw(settings, "form", "3 tasks", view="flows", search="orders", keys=("R",), first="orders")
    await draw(settings, "logs", "done", view="logs", search="retry|attempt level>=WARN")
    await draw(settings, "schedule", "backup", view="schedule")
    await draw(settings, "schedule-wide", "first ", view="schedule", size=(160, 45))
    await draw(settings, "alerts", "last ok", view="alerts")
    await draw(settings, "alerts-wide", "RULE", view="alerts", size=(160, 45))


async def draw(
    settings: Settings,
    name: str,
    text: str,
    *,
    size: tuple[int, int] = (80, 24),
    view: str = "flows",
    open_run: int | None = None,
    search: str = "",
    keys: tuple[str, ...] = (),
    first: str = "error 1/",
) -> None:
    """One picture, taken once this text stands on the screen, after these keys, which wait for what is there `first`."""
    begin = Address(view, search, run_id=open_run)
    app = Console(settings, begin=begin)
    async with app.run_test(size=size) as pilot:
        if keys:
            await shown(app, pilot.pause, first)
            await pilot.press(*keys)
        await shown(app, pilot.pause, text)
        svg = app.export_screenshot(title="tui-flow")
    (PICTURES / f"{name}.svg").write_text(_FONT.sub("", svg).replace("Fira Code", FONTS))


async def shown(app: Console, pause: Callable[[float], Any], text: str) -> None:
    for _ in range(1000):
        await pause(0.02)
        if text in "\n".join(strip.text for strip in app.screen._compositor.render_strips()):
            await pause(0.3)
            return
    raise SystemExit(f"{text!r} never stood on the screen")


if __name__ == "__main__":
    main()
