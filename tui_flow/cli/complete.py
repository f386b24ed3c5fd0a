"""Completion of flow names and runs: straight from the history, without an engine, and silent where there is none."""

import re
from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from tui_flow.cli.options import PROJECT
from tui_flow.contract.errors import TuiFlowError
from tui_flow.safe import safe
from tui_flow.settings import load

_PLAIN = re.compile(r"[\w.:@%+/-]+")
"""What a shell takes as it is: other names are not offered, since a shell would act on what is in them."""
_OFFERED = 50


def flow_names(ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
    """The flows whose names begin so, with their first line of description."""
    from tui_flow.store import flows

    return [
        CompletionItem(flow.name, help=_help(flow.description))
        for flow in _read(ctx, flows.list_flows)
        if flow.name.startswith(incomplete) and _PLAIN.fullmatch(flow.name)
    ]


def run_numbers(ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
    """The newest runs whose numbers begin so, with flow and state."""
    from tui_flow.store import runs

    return [
        CompletionItem(str(run.id), help=_help(f"{run.flow} {run.run_name} {run.state}"))
        for run in _read(ctx, lambda db: runs.list_runs(db, limit=_OFFERED))
        if str(run.id).startswith(incomplete)
    ]


def _help(text: str) -> str:
    # click's script for fish cuts an explanation at its first comma.
    return safe(text.strip().partition("\n")[0])[:60].replace(",", ";")


def _read(ctx: click.Context, query: Callable[[Any], list[Any]]) -> list[Any]:
    from tui_flow.cli.history import opened

    try:
        settings, _ = load(ctx.meta.get(PROJECT))
        with opened(settings) as db:
            return query(db)
    except TuiFlowError:
        return []
