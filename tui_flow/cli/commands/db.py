"""`tui-flow db check|backup|restore|recover|prune`: the history as a file to look after."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import print_json, style
from tui_flow.contract.commands import Prune, StopEngine, Sync
from tui_flow.contract.errors import EXIT_STATE, EngineError, EngineRunning
from tui_flow.contract.rundir import ENGINE_LOCK, lock_holder, open_state_dir, run_dir, take_lock
from tui_flow.counting import counted
from tui_flow.safe import safe
from tui_flow.settings import Settings

_NAMED = 20
"""So many runs are named in a line for people; --json has them all."""
_PATIENCE_SECONDS = 600.0
"""For what may take long: a large history to be read from journals, or to be pruned."""
_WHY = {
    "age": "ended more than keep_days ago",
    "count": "beyond keep_runs of their flow",
    "size": "beyond keep_mb in all",
}


@click.group(epilog="\b\nExamples:\n  tui-flow db check\n  tui-flow db backup\n  tui-flow db prune --dry-run")
def command() -> None:
    """Check, copy, restore, mend or prune the history.

    The history is .tui_flow/history.db. Logs and journals of runs are files of their own, in .tui_flow/runs/.
    """


@new_command("tui-flow db check\ntui-flow db check --json | jq .ok")
@click.pass_context
def check(ctx: click.Context) -> None:
    """Read all of the history and tell whether it is whole, and fits the run directories.

    Exits with 4 if it is not whole. An engine may run meanwhile.
    """
    from tui_flow.store import checkup

    found = settings()
    report = checkup.check(open_state_dir(found.project))
    if wants_json():
        print_json({"ok": report.is_whole, **report._asdict()})
    else:
        _print_report(report)
    ctx.exit(0 if report.is_whole else EXIT_STATE)


@new_command("tui-flow db backup\ntui-flow db backup /mnt/safe/history.db --json")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path | None) -> None:
    """Copy the history as it is now, also while runs go on.

    Without FILE it goes to .tui_flow/backups/, named after the time. Only you can read it. No file is overwritten.
    """
    from tui_flow.store import backups

    found = settings()
    made = backups.back_up(open_state_dir(found.project), time.time(), file.absolute() if file else None)
    if wants_json():
        print_json(_contents(made))
    else:
        click.echo(f"{_contents_in_words(made.runs, made.tasks)} in {safe(str(made.path))}")


_stop_option = click.option(
    "--stop-engine", is_flag=True, help="Stop the engine first, if one runs. Runs go on without it."
)


@new_command("tui-flow db restore .tui_flow/backups/history-20261124T030000Z.db --stop-engine")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@_stop_option
def restore(file: Path, stop_engine: bool) -> None:
    """Put a backup in the place of the history.

    The backup is read and checked first; the old history is kept in .tui_flow/backups/. Runs that the backup does not know, and whose directories are still there, are
    read again from their journals. Fire times between the backup and now are not caught up.
    """
    from tui_flow.store import backups

    found = settings()
    with _without_engine(found, stop_engine) as state_dir:
        restored, aside = backups.restore(state_dir, file.absolute(), time.time())
    if wants_json():
        print_json({**_contents(restored), "old": None if aside is None else str(aside)})
        return
    click.echo(f"restored {_contents_in_words(restored.runs, restored.tasks)} from {safe(str(file))}")
    if aside is not None:
        click.echo(f"the history before lies in {safe(str(aside))}")


@new_command("tui-flow db recover\ntui-flow db recover --stop-engine --json")
@_stop_option
def recover(stop_engine: bool) -> None:
    """Build the history anew where it is damaged or gone.

    From the journals of all runs whose directories are there, and from what can still be read of the damage, which is kept in .tui_flow/backups/. Where there is a
    recent backup, `db restore` gives back more.
    """
    from tui_flow.client import connect
    from tui_flow.store import recovery

    found = settings()
    with _without_engine(found, stop_engine) as state_dir:
        done = recovery.recover(state_dir, time.time())
    with connect(found) as connection:
        connection.ask(Sync(), _PATIENCE_SECONDS)
    total = _count_runs(found)
    if wants_json():
        aside = None if done.aside is None else str(done.aside)
        print_json({"runs": total, "from_journals": done.journals, "saved_rows": done.saved, "old": aside})
        return
    saved = sum(done.saved.values())
    click.echo(
        f"{counted(total, 'run')}: {done.journals} from their journals, and {counted(saved, 'row')} saved from the damage"
    )
    if done.aside is not None:
        click.echo(f"the damaged history lies in {safe(str(done.aside))}")


@new_command("tui-flow db prune --dry-run\ntui-flow db prune")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
def prune(dry_run: bool) -> None:
    """Delete the runs that the settings no longer keep: rows, logs and journals.

    The engine does so by itself, every hour. The settings are keep_days, keep_runs and keep_mb; the last run and the last success of a flow always stay, and so does
    what is not over.
    """
    from tui_flow.client import connect

    found = settings()
    if dry_run:
        counts = _plan(found)
    else:
        with connect(found) as connection:
            counts = Counter(connection.ask(Prune(), _PATIENCE_SECONDS)["runs"])
    if wants_json():
        print_json({"dry_run": dry_run, "runs": counts.total(), "by": dict(counts)})
        return
    verb = "would be pruned" if dry_run else "pruned"
    click.echo(f"{counted(counts.total(), 'run')} {verb}" + (":" if counts else ""))
    for why, count in counts.items():
        click.echo(f"  {count} {_WHY.get(why, safe(why))}")


for _verb in (check, backup, restore, recover, prune):
    command.add_command(_verb)


@contextmanager
def _without_engine(found: Settings, stop_engine: bool) -> Iterator[Path]:
    """The state directory, with the engine's lock held so that none starts. Raises EngineRunning."""
    state_dir = open_state_dir(found.project)
    if stop_engine and lock_holder(state_dir / ENGINE_LOCK) is not None:
        _stop(found)
    lock = _take_lock(state_dir)
    if lock is None:
        raise EngineRunning(
            "an engine has the history open",
            where=str(found.project),
            next="tui-flow engine stop, then again; or again with --stop-engine. Runs go on without it",
        )
    try:
        yield state_dir
    finally:
        os.close(lock)


def _take_lock(state_dir: Path) -> int | None:
    """An engine that is just ending is waited for."""
    until = time.monotonic() + 2.0
    while True:
        lock = take_lock(state_dir / ENGINE_LOCK)
        if lock is not None or time.monotonic() > until:
            return lock
        time.sleep(0.05)


def _stop(found: Settings) -> None:
    from tui_flow.client import connect

    try:
        with connect(found, start=False) as connection:
            connection.ask(StopEngine())
    except EngineError:
        return  # it has ended meanwhile, or hangs: the lock will tell


def _plan(found: Settings) -> Counter[str]:
    """What a prune would do, by the history as it stands."""
    from tui_flow.engine.pruner import rules_of, size_of
    from tui_flow.store import database, retention

    state_dir = open_state_dir(found.project)
    with closing(database.open_reader(state_dir)) as db:
        victims = retention.plan(db, rules_of(found), time.time(), lambda id: size_of(run_dir(state_dir, id)))
        return Counter(victim.why for victim in victims if victim is not None)


def _count_runs(found: Settings) -> int:
    from tui_flow.store import database, runs

    with closing(database.open_reader(found.state_dir)) as db:
        return runs.count(db)


def _contents(made: Any) -> dict[str, Any]:
    fields = made._asdict()
    return {"path": str(fields.pop("path")), **fields}


def _contents_in_words(runs: int, tasks: int) -> str:
    return f"{counted(runs, 'run')} and {counted(tasks, 'task run')}"


def _print_report(report: Any) -> None:
    good = style("ok", fg="green")
    for name, problems in (("pages", report.pages), ("references", report.references)):
        click.echo(
            f"{name:<11} {good if not problems else style(counted(len(problems), 'problem'), fg='red')}"
        )
        for line in problems:
            click.echo(f"{'':<11} {safe(line)}")
    click.echo(
        f"{'holds':<11} {_contents_in_words(report.runs, report.tasks)}, {report.size / 1_048_576:.1f} MiB"
    )
    for ids, what in (
        (report.without_directory, "whose directory is gone: they have no log any more"),
        (report.not_recorded, "not in the history yet: the engine takes them in when it looks next"),
        (
            report.cut_journals,
            "whose journal was cut, by a power loss or by hand: the history knows more than it",
        ),
    ):
        if ids:
            more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
            click.echo(f"{counted(len(ids), 'run')} {what}: {', '.join(map(str, ids[:_NAMED]))}{more}")
    if not report.is_whole:
        click.echo("tui-flow db restore FILE puts a backup in its place; tui-flow db recover builds it anew")
