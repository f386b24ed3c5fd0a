"""`tui-flow serve FILE`: runs a file as a script that serves its flows, also one that says `import prefect`."""

import os
import sys
from pathlib import Path

import click

from tui_flow.cli.options import PROJECT, new_command
from tui_flow.contract.errors import BrokenFlow
from tui_flow.contract.rundir import ENV_PROJECT


@new_command(
    "tui-flow serve work/etl.py\nnohup tui-flow serve work/etl.py > serving.log &",
    json=False,
)
@click.argument("file", type=click.Path())
@click.argument("arguments", nargs=-1)
@click.pass_context
def command(ctx: click.Context, file: str, arguments: tuple[str, ...]) -> None:
    """Run FILE as `python FILE` would, with `import prefect` meaning tui_flow where Prefect is not installed.

    What it serves (`etl.serve(cron="0 3 * * *")` under `if __name__ == "__main__":`) is there until Ctrl+C, and its
    runs are shown. ARGUMENTS are the script's own.
    """
    path = Path(file).expanduser().absolute()
    if not path.is_file():
        raise BrokenFlow("there is no such flow file", where=str(path), next="check the path")
    project = ctx.meta.get(PROJECT)
    if project:
        os.environ[ENV_PROJECT] = str(Path(project).expanduser().resolve())
    # This process becomes the script: its number, its terminal and its signals are the ones that one expects.
    os.execv(sys.executable, [sys.executable, "-m", "tui_flow.sdk.as_script", str(path), *arguments])  # noqa: S606
