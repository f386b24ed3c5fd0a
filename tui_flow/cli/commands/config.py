"""`tui-flow config`: every setting, its value, and where that came from."""

import dataclasses
from typing import Any

from tui_flow.alerts.redaction import place_of
from tui_flow.cli import engine_settings
from tui_flow.cli.options import new_command, settings_and_origins, wants_json
from tui_flow.cli.output import note, print_json, print_table
from tui_flow.safe import safe


@new_command("tui-flow config\nTUI_FLOW_MAX_CONCURRENT_RUNS=2 tui-flow config --json")
def command() -> None:
    """Show each setting and where it came from.

    A later place wins: default, then `[tool.tui_flow]` in pyproject.toml or the top level of tui_flow.toml, then
    TUI_FLOW_… in the environment. A running engine takes over what is saved in the file, for what begins from then on;
    its environment is that in which it was started. Where it has another value for that, this stands beside yours.
    """
    found, origins = settings_and_origins()
    values = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    values["project"] = str(found.project)
    others = engine_settings.of_running_engine(found)
    for settings in (values, others):
        if "alert_urls" in settings:  # the rest of an address is often a key
            settings["alert_urls"] = [place_of(url) for url in settings["alert_urls"]]
    if wants_json():
        print_json({name: _told(name, value, origins, others) for name, value in values.items()})
        return
    rows = [(name, safe(str(value)), origins.get(name, "found")) for name, value in values.items()]
    if not others:
        print_table(("SETTING", "VALUE", "FROM"), rows)
        return
    print_table(
        ("SETTING", "VALUE", "FROM", "ENGINE HAS"),
        [(*row, safe(str(others.get(row[0], "")))) for row in rows],
    )
    note(engine_settings.restart_needed(others))
    note(f"  {engine_settings.NEXT}")


def _told(name: str, value: Any, origins: dict[str, str], others: dict[str, Any]) -> dict[str, Any]:
    told = {"value": value, "origin": origins.get(name, "found")}
    return {**told, "engine": others[name]} if name in others else told
