"""`tui-flow config`: every setting, its value, and where that came from."""

from typing import Any

import click

from tui_flow.alerts.redaction import place_of
from tui_flow.cli import engine_settings
from tui_flow.cli.options import new_command, settings_and_origins, wants_json
from tui_flow.cli.output import note, print_json, print_table, style
from tui_flow.contract.errors import EXIT_STATE
from tui_flow.safe import safe
from tui_flow.settings import NAMES, said_of


@new_command("tui-flow config\nTUI_FLOW_MAX_CONCURRENT_RUNS=2 tui-flow config --json")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show each setting and where it came from.

    A later place wins: default, then `[tool.tui_flow]` in pyproject.toml or the top level of tui_flow.toml, then
    TUI_FLOW_… in the environment. A running engine takes over what is saved in the file, for what begins from then on;
    its environment is that in which it was started. Where it has another value for that, this stands beside yours.

    Says what is wrong in them, with its line, and exits with 4 then: the default counts, and the history is kept whole.
    """
    found, origins = settings_and_origins()
    values = {name: getattr(found, name) for name in NAMES}
    values["project"] = str(found.project)
    others = engine_settings.of_running_engine(found)
    for settings in (values, others):
        if "alert_urls" in settings:  # the rest of an address is often a key
            settings["alert_urls"] = [place_of(url) for url in settings["alert_urls"]]
    for mistake in found.mistakes:
        note(f"{style('error:', fg='red')} {safe(said_of(mistake))}")
    _print(values, origins, others)
    if found.mistakes:
        ctx.exit(EXIT_STATE)


def _print(values: dict[str, Any], origins: dict[str, str], others: dict[str, Any]) -> None:
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
