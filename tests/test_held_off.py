"""Imports without what is not needed: each in a process of its own, where nothing is loaded yet."""

import subprocess
import sys


def _told(program: str) -> str:
    program = f"import sys\nfrom tui_flow.held_off import held_off, stood_in\n{program}"
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_asyncio_does_without_ssl_while_it_is_held_off_and_others_get_it_afterwards() -> None:
    program = 'with held_off("ssl"): import asyncio.sslproto as without\nimport ssl\nprint(without.ssl, ssl.__name__)'
    assert _told(program) == "None ssl"


def test_the_console_s_program_does_without_textual_s_palette() -> None:
    program = """
with stood_in("textual.command"):
    from tui_flow.tui.app import Console
print(*sorted({"textual.command", "textual.widgets._select", "textual.widgets._input"} & set(sys.modules)))
from textual.command import CommandPalette
print(Console.ENABLE_COMMAND_PALETTE, CommandPalette.__mro__[1].__name__)
"""
    assert _told(program) == "False SystemModalScreen"


def test_what_is_loaded_already_stays() -> None:
    program = """
import json
with held_off("json"), stood_in("json.decoder"):
    from json.decoder import JSONDecoder
    import json as again
print(again is json, JSONDecoder is json.JSONDecoder)
"""
    assert _told(program) == "True True"
