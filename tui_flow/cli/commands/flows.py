"""`tui-flow flows`: the flows of the project, and the flow files that are broken."""

import click

from tui_flow.cli.history import up_to_date
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json, print_table, style
from tui_flow.cli.shapes import file_object, flow_object, served_object
from tui_flow.contract.errors import at_line
from tui_flow.safe import safe
from tui_flow.store.records import Flow


@new_command("tui-flow flows\ntui-flow flows --json | jq -r '.flows[].name'")
def command() -> None:
    """List the flows, those that scripts serve under names, and the broken flow files."""
    from tui_flow.store import flows, served

    with up_to_date(settings(), files=True) as db:
        found = flows.list_flows(db)
        under = served.list_served(db)
        broken = [file for file in flows.list_flow_files(db) if file.state == "broken"]
    if wants_json():
        print_json(
            {
                "flows": [*map(flow_object, found)],
                "served": [*map(served_object, under)],
                "broken_files": [*map(file_object, broken)],
            }
        )
        return
    if found:
        rows = [_row(flow) for flow in found]
        print_table(("FLOW", "FILE", "PARAMETERS", "WHAT"), rows, yielding=("FLOW", "FILE"), last=20)
    elif not broken and not under:
        note("no flows yet: save a file with a @flow function in flows/")
    for one in under:
        state = "served" if one.server is not None else style("not served now", dim=True)
        click.echo(f"{safe(one.full_name)}  {safe(one.definition.path)}  {state}")
    for file in broken:
        place = at_line(file.path, file.error_line)
        click.echo(f"{style('broken', fg='red')}  {safe(place)}  {safe(file.error or '')}")


def _row(flow: Flow) -> tuple[str, ...]:
    first, _, _ = flow.description.strip().partition("\n")
    return safe(flow.name), safe(f"{flow.path}:{flow.line}"), safe(_signature(flow)), safe(first)


def _signature(flow: Flow) -> str:
    """The parameters in brief: `name=`, or the bare name of one that must be given."""
    required = flow.parameters.get("required", ())
    names = flow.parameters.get("properties", {})
    return " ".join(name if name in required else f"[{name}]" for name in names) or "-"
