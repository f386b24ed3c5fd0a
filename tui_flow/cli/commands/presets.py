"""`tui-flow presets [FLOW]`: named values for parameters, which `run --preset` takes."""

import click

from tui_flow.cli.commands.runs import flow_name
from tui_flow.cli.complete import flow_names
from tui_flow.cli.history import up_to_date
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json
from tui_flow.safe import safe
from tui_flow.store import presets


@new_command(
    "tui-flow presets\n"
    "tui-flow presets etl_daily --json\n"
    "tui-flow run etl_daily --preset 'full reload'\n"
    "tui-flow presets etl_daily --forget 'full reload'"
)
@click.argument("flow", required=False, shell_complete=lambda ctx, _, text: flow_names(ctx, text))
@click.option("--forget", metavar="NAME", help="Delete this one of the flow's.")
def command(flow: str | None, forget: str | None) -> None:
    """List the presets of a flow, or of all.

    The console saves them: F4 in the form for parameters. They hold what is not the default, and no secret.
    """
    state_dir = settings().state_dir
    if forget is not None:
        if flow is None:
            raise click.UsageError("--forget needs the flow, too: tui-flow presets FLOW --forget NAME")
        presets.forget(state_dir, flow, forget)
        click.echo(f"forgot {safe(forget)} of {safe(flow)}")
        return
    found = presets.load(state_dir)
    if flow is not None:
        found = {flow: presets.of_flow(state_dir, flow)}
        if not found[flow]:
            with up_to_date(settings()) as db:
                flow_name(db, flow)  # which says so where there is no such flow
    if wants_json():
        print_json({"presets": found})
        return
    for name, of in found.items():
        for preset, values in of.items():
            said = "  ".join(f"{key}={_text(value)}" for key, value in values.items()) or "all as by default"
            click.echo(safe(f"{name}  {preset}  {said}"))
    if not any(found.values()):
        note("there is no preset yet: F4 in the console's form for parameters saves one")


def _text(value: object) -> str:
    from tui_flow.tui.presentation.field_texts import as_text

    return as_text(value)
