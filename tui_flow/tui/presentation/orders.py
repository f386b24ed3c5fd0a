"""The orders in which a list can stand, by name; the first one of a list is the one that it begins with."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tui_flow.contract.states import ACTIVE, WENT_WRONG
from tui_flow.store.records import Alert, FlowRun
from tui_flow.tui.presentation.flow_list import FlowRow

_WORD = re.compile(r"(?:^|\s)sort:(\S*)")
_STATES = (*WENT_WRONG, *ACTIVE)
"""Those that somebody may have to do something about come first, in this order."""


class Order(NamedTuple):
    """One of them."""

    name: str
    key: str
    """That chooses it in the menu."""
    about: str


FLOWS = (
    Order("attention", "a", "what is wrong, then what is at work"),
    Order("name", "n", "from a to z"),
    Order("next fire", "f", "what fires next"),
    Order("last run", "l", "what ran last"),
    Order("duration", "d", "whose last run took longest"),
)
RUNS = (
    Order("newest", "n", "all runs, as many as there are"),
    Order("duration", "d", "what took longest"),
    Order("state", "t", "what failed, what is at work, the rest"),
    Order("flow", "f", "by flow, of each the newest first"),
)
ALERTS = (
    Order("new first", "n", "what is not acknowledged, then what happened last"),
    Order("last time", "l", "what happened last, acknowledged or not"),
    Order("count", "c", "what happened most often"),
    Order("flow", "f", "by flow"),
)


def in_address(text: str, order: str) -> str:
    """A filter with an order, as they stand in the address of a view."""
    return f"{text} sort:{order.replace(' ', '-')}".strip()


def split(text: str, orders: Sequence[Order]) -> tuple[str, str]:
    """Filter and order of an address; the list's first order where it names none that there is."""
    found = _WORD.search(text)
    known = {order.name.replace(" ", "-"): order.name for order in orders}
    order = known.get(found[1], "") if found else ""
    return _WORD.sub("", text).strip(), order or orders[0].name


def flows(rows: Sequence[FlowRow], order: str, now: float) -> list[FlowRow]:
    """Rows that stand in order of attention, in another one."""
    keys = {
        "name": lambda row: row.name.lower(),
        "next fire": lambda row: (row.next_at is None, row.next_at or 0.0, row.name),
        "last run": lambda row: -(row.run.created_at if row.run else 0.0),
        "duration": lambda row: -_seconds(row.run, now),
    }
    return sorted(rows, key=keys[order]) if order in keys else list(rows)


def runs(found: Sequence[FlowRun], order: str, now: float) -> list[FlowRun]:
    """Runs of which the newest come first, in another order."""
    keys = {
        "duration": lambda run: -_seconds(run, now),
        "state": lambda run: _STATES.index(run.state) if run.state in _STATES else len(_STATES),
        "flow": lambda run: run.flow.lower(),
    }
    return sorted(found, key=keys[order]) if order in keys else list(found)


def alerts(rows: Sequence[Alert], order: str) -> list[Alert]:
    """Alerts that stand with the new ones first, in another order."""
    keys = {
        "last time": lambda alert: -alert.last_at,
        "count": lambda alert: -alert.times,
        "flow": lambda alert: (not alert.flow, alert.flow.lower()),
    }
    return sorted(rows, key=keys[order]) if order in keys else list(rows)


def _seconds(run: FlowRun | None, now: float) -> float:
    """How long a run was at work, or has been so far; less than nothing where it has not begun."""
    seconds = None if run is None else run.seconds(now)
    return -1.0 if seconds is None else seconds
