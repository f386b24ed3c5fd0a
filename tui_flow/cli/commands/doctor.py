"""`tui-flow doctor`: whether this machine and this project keep what tui_flow promises."""

import click

from tui_flow.cli.check import FAIL, OK, WARN
from tui_flow.cli.checks import examine
from tui_flow.cli.options import new_command, settings_and_origins, wants_json
from tui_flow.cli.output import print_json, style
from tui_flow.safe import safe

_COLOURS = {OK: "green", WARN: "yellow", FAIL: "red"}


@new_command("tui-flow doctor\ntui-flow doctor --json")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Check what the promises rest on here.

    Says what to do about each weakness. Exits with 1 if a check fails. A warning means that tui_flow works, and that one promise is weaker here.
    """
    results = list(examine(settings_and_origins()[0]))
    failed = any(check.status == FAIL for check in results)
    if wants_json():
        print_json({"ok": not failed, "checks": [check._asdict() for check in results]})
    else:
        for check in results:
            click.echo(
                f"{style(f'{check.status:<4}', fg=_COLOURS[check.status])}  {check.name:<15}  {safe(check.found)}"
            )
            if check.next:
                click.echo(f"{'':<23}{safe(check.next)}")
    ctx.exit(1 if failed else 0)
