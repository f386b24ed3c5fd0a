"""`tui-flow rerun RUN`: runs a run that is over again, from where it failed."""

from typing import TYPE_CHECKING, Any

import click

from tui_flow.cli.commands.run import watch_run
from tui_flow.cli.history import RunCommand, find_run, opened, run_argument
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json
from tui_flow.cli.parameters import assigned, read_object, texts_of
from tui_flow.cli.run_requests import current_flow
from tui_flow.contract.commands import PreviewRerun, RerunPreview, RerunRun
from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.contract.secret_parameters import not_kept
from tui_flow.safe import safe
from tui_flow.settings import Settings
from tui_flow.store.records import FlowRun

if TYPE_CHECKING:
    from tui_flow.client.blocking import Connection


@new_command(
    "tui-flow rerun latest\n"
    "tui-flow rerun 12 --preview\n"
    "tui-flow rerun 12 --from load -p day=2026-11-24\n"
    "tui-flow rerun 12 --only load\n"
    "tui-flow rerun 12 --original-code --detach",
    cls=RunCommand,
)
@run_argument
@click.option(
    "--from", "from_tasks", multiple=True, metavar="TASK",
    help="Run everything from the first call of this task on; may be given several times.",
)  # fmt: skip
@click.option(
    "--only",
    multiple=True,
    metavar="TASK",
    help="Run this task and what never succeeded, reuse the rest whatever became of it; several times.",
)
@click.option("--from-failed", is_flag=True, help="Reuse what succeeded, run the rest: the default.")
@click.option("--only-failed", is_flag=True, help="Reuse what succeeded even if its code has changed.")
@click.option("--force", is_flag=True, help="Reuse nothing.")
@click.option("--original-code", is_flag=True, help="With the flow file as it was, whatever it is now.")
@click.option(
    "--strict", is_flag=True, help="Fail where the calls are no longer those of the attempt before."
)
@click.option(
    "-p", "--param", "assignments", multiple=True, metavar="NAME=VALUE",
    help="A parameter that is to be another than last time; JSON or text.",
)  # fmt: skip
@click.option("--params", metavar="JSON|@FILE|-", help="Such parameters, as a JSON object.")
@click.option("--preview", "only_preview", is_flag=True, help="Say what would be reused, and start nothing.")
@click.option("--detach", is_flag=True, help="Return as soon as the attempt is taken.")
@click.option("--log/--no-log", default=True, help="Show what the run says.  [default: log]")
@click.pass_context
def command(
    ctx: click.Context,
    run: str,
    from_tasks: tuple[str, ...],
    only: tuple[str, ...],
    from_failed: bool,
    only_failed: bool,
    force: bool,
    original_code: bool,
    strict: bool,
    assignments: tuple[str, ...],
    params: str | None,
    only_preview: bool,
    detach: bool,
    log: bool,
) -> None:
    """Run a run that is over again, as its next attempt, and watch it.

    The flow's body runs anew. A task call that succeeded before, with equal arguments and equal code, gives the result
    that it gave; anything else runs. A task's code is its function and what that names in the project, so mending one
    task leaves the others' results in use. What the run left out (`run --skip`) is left out again, unless --from or
    --only names it, or --force runs all. An attempt that was cancelled before it began is begun as it was asked for,
    unless you say what else to reuse. Exits as `run` does.
    """
    from tui_flow.client import connect

    _refuse_both(from_failed=from_failed, only=bool(only), only_failed=only_failed, force=force)
    _refuse_both(**{"from": bool(from_tasks), "only": bool(only)})
    found = settings()
    parameters = read_object(params) if params is not None else {}
    with connect(found) as connection:
        with opened(found) as db:
            wanted = find_run(db, run)
        parameters |= _given(found, connection, wanted, texts_of(assignments), parameters, only_preview)
        asked = (wanted.id, parameters, list(from_tasks), only_failed, force, original_code, list(only))
        if only_preview or not (detach or wants_json()):
            told = RerunPreview(**connection.ask(PreviewRerun(*asked)))
            _tell(told, wanted.id, as_json=wants_json() and only_preview)
        if only_preview:
            return
        seen = _lines(run_dir(found.state_dir, wanted.id) / LOG)
        attempt = connection.ask(RerunRun(*asked, strict=strict))["attempt"]
    if not detach:
        ctx.exit(watch_run(found, wanted.id, log=log, first_line=seen))
    elif wants_json():
        print_json({"run_id": wanted.id, "attempt": attempt})
    else:
        click.echo(f"run {wanted.id} begins attempt {attempt}")


def _given(
    found: Settings,
    connection: "Connection",
    run: FlowRun,
    texts: dict[str, str | None],
    parameters: dict[str, Any],
    only_preview: bool,
) -> dict[str, Any]:
    """The parameters of `-p`, and the secrets of the attempt before, which are not kept: asked for at a terminal."""
    from tui_flow.cli.asking import ask_secrets
    from tui_flow.store.asked_for import asked_parameters

    before = {**asked_parameters(found.state_dir, run), **parameters}
    has_secrets = not only_preview and any(not_kept(before))
    if not texts and not has_secrets:
        return {}
    known = current_flow(found, connection, run.flow)
    schema = known.parameters if known else {}
    given = assigned(texts, schema, before)
    asked = ask_secrets(schema, {**before, **given}) if has_secrets else given
    return {name: value for name, value in asked.items() if name in given or before.get(name) != value}


def _refuse_both(**flags: bool) -> None:
    given = [name.replace("_", "-") for name, value in flags.items() if value]
    if len(given) > 1:
        raise click.UsageError(f"--{given[0]} and --{given[1]} contradict each other: choose one.")


def _tell(told: RerunPreview, run_id: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"run_id": run_id, **told._asdict()})
        return
    click.echo(str(told))
    if told.changed_tasks:
        note(f"  code changed: {safe(', '.join(told.changed_tasks))}")
    if told.perhaps_tasks:
        note(f"  may get other values, and then run: {safe(', '.join(told.perhaps_tasks))}")
    if told.environment:
        note(f"  other versions than before: {safe(told.environment)}")


def _lines(path: object) -> int:
    """How many lines of the log there are before the attempt begins."""
    from pathlib import Path

    from tui_flow.store.logs import LogFile

    file = LogFile(Path(str(path)))
    file.refresh()
    file.close()
    return len(file)
