"""What can be said of one run besides its parameters: a form of its own, and the options of `tui-flow run`."""

import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tui_flow.store.records import Flow
from tui_flow.tui.presentation.fields import Field
from tui_flow.tui.presentation.form import Form

START = Field(("start",), ("string",), False, "now", format="start", has_default=True)


def form_of(flow: Flow) -> Form:
    """The options, as the flow has them by default."""
    properties: dict[str, dict[str, Any]] = {
        "start": {
            "type": "string",
            "format": "start",
            "default": "now",
            "description": "It waits in the queue until then.",
        },
        "reuse": {
            "type": "boolean",
            "default": True,
            "description": "Results that tasks cached earlier; off runs them anew.",
        },
        "priority": {
            "type": "integer",
            "default": flow.priority,
            "description": "Higher ones begin first, where runs wait.",
        },
        "tags": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "description": "Of this run, beside those of the flow.",
        },
    }
    return Form({"properties": properties})


def asked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not the default, as fields of `RunFlow`."""
    found: dict[str, Any] = {name: options[name] for name in ("priority", "tags") if name in options}
    if "start" in options:
        found["scheduled_for"] = datetime.fromisoformat(options["start"]).timestamp()
    if not options.get("reuse", True):
        found["refresh"] = True
    return found


def words(options: Mapping[str, Any]) -> list[str]:
    """The same for `tui-flow run`."""
    found = []
    if "start" in options:
        at = f"{datetime.fromisoformat(options['start']):%Y-%m-%d %H:%M:%S}"
        found.append(f"--at {shlex.quote(at)}")
    if not options.get("reuse", True):
        found.append("--refresh")
    if "priority" in options:
        found.append(f"--priority {options['priority']}")
    return [*found, *(f"--tag {shlex.quote(tag)}" for tag in options.get("tags", ()))]
