"""`tui-flow config`: every setting, its value, and where that came from."""

import dataclasses

from tui_flow.alerts.redaction import place_of
from tui_flow.cli.options import new_command, settings_and_origins, wants_json
from tui_flow.cli.output import print_json, print_table
from tui_flow.safe import safe


@new_command("tui-flow config\nTUI_FLOW_MAX_CONCURRENT_RUNS=2 tui-flow config --json")
def command() -> None:
    """Show each setting and where it came from.

    A later place wins: default, then `[tool.tui_flow]` in pyproject.toml or the top level of tui_flow.toml, then
    TUI_FLOW_… in the environment.
    """
    found, origins = settings_and_origins()
    values = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    values["alert_urls"] = [
        place_of(url) for url in found.alert_urls
    ]  # the rest of an address is often a key
    if wants_json():
        print_json(
            {
                name: {
                    "value": str(value) if name == "project" else value,
                    "origin": origins.get(name, "found"),
                }
                for name, value in values.items()
            }
        )
        return
    print_table(
        ("SETTING", "VALUE", "FROM"),
        [(name, safe(str(value)), origins.get(name, "found")) for name, value in values.items()],
    )
