"""All that can be done from where somebody is: the palette's and the help's entries."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.dom import DOMNode

from tui_flow.store.records import FlowRun
from tui_flow.tui.actions import ACTIONS, Action
from tui_flow.tui.presentation import times
from tui_flow.tui.presentation.flow_list import FlowRow, rows_of
from tui_flow.tui.presentation.glyphs import role
from tui_flow.tui.presentation.palette import Offer
from tui_flow.tui.presentation.why_not import why_not
from tui_flow.tui.screens.view import View

if TYPE_CHECKING:
    from tui_flow.tui.app import Console
    from tui_flow.tui.screens.form import FormScreen

_NO_COMMANDS = ("list.", "app.commands", "app.step_back", "app.next_pane", "app.previous_pane")
"""Moving about is for keys; the palette does not list it."""


def offers_of(console: "Console", view: View) -> list[Offer]:
    """What the palette offers: what can be done here, everywhere, with each flow, and the last runs."""
    actions = [offer for offer in actions_of(console, view) if not offer.name.startswith(_NO_COMMANDS)]
    flows = [offer for row in rows_of(console.overview) for offer in _flow_offers(console, row)]
    return [*actions, _restart(console), *flows, *_run_offers(console)]


def actions_of(console: "Console", view: View) -> list[Offer]:
    """Every key that works here, those of the place first."""
    ascii = console.paint.marks.ascii
    places = sorted(view.places(), key=lambda place: (place == "app", place == "list", place == "rows"))
    idle, refused = view.useless(), view.refused()
    read_only = console.bridge.read_only
    nodes = _nodes(console, view)
    return [
        Offer(
            "action",
            _sentence(action.help),
            read_only.what
            if read_only and action.id in refused
            else why_not(action.id)
            if action.id in idle
            else "",
            console.keymap.shown(action, ascii),
            partial(_run, console, nodes, action),
            "dim",
            is_idle=action.id in idle | refused,
            name=action.name,
        )
        for place in places
        for action in ACTIONS
        if action.where == place
    ]


def _restart(console: "Console") -> Offer:
    """Where an engine is, there is nothing to restart: the palette says so."""
    read_only = console.bridge.read_only
    why_not = read_only.what if read_only else "the engine runs" if console.has_engine else ""
    return Offer(
        "action",
        "Restart the engine",
        why_not or "it stays until it is stopped",
        "",
        partial(console.say, why_not) if why_not else console.restart_engine,
        "dim",
        is_idle=bool(why_not),
    )


def offers_of_form(console: "Console", form: "FormScreen") -> list[Offer]:
    """Every key of the form for parameters that does something now, but for moving about."""
    ascii, left = console.paint.marks.ascii, {*form.useless(), "next_field", "commands"}
    return [
        Offer(
            "action",
            _sentence(action.help),
            "",
            console.keymap.shown(action, ascii),
            partial(_run, console, [form], action),
            name=action.name,
        )
        for action in ACTIONS
        if action.where == "form" and action.id not in left
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _nodes(console: "Console", view: View) -> Sequence[DOMNode]:
    """Who is asked to act, in the order in which keys are heard."""
    focused = view.focused
    return [*(focused.ancestors_with_self if focused else [view]), console]


async def _run(console: "Console", nodes: Sequence[DOMNode], action: Action) -> None:
    method = f"action_{action.id.partition('(')[0]}"
    node: Any = next((node for node in nodes if hasattr(node, method)), console)
    await console.run_action(action.id, node)


def _flow_offers(console: "Console", row: FlowRow) -> Iterator[Offer]:
    marks = console.paint.marks
    latest = row.latest
    state = "" if latest is None else f"{marks.glyph(latest.state)} {latest.state}"
    look = role(latest.state) if latest else "dim"
    read_only = console.bridge.read_only
    if row.flow is not None:
        yield Offer(
            "flow",
            f"Run {row.name}",
            read_only.what if read_only else state,
            "",
            partial(console.run_flow, row.flow, {}, ask=False, open_it=True),
            "dim" if read_only else look,
            is_idle=read_only is not None,
        )
    if latest is not None:
        yield Offer(
            "flow",
            f"Open {row.name}",
            f"run {latest.id}  {state}",
            "",
            partial(console.open_run, latest.id),
            look,
        )
    where = console.settings.project / row.path
    line = (row.broken.error_line or 0) if row.broken else row.flow.line if row.flow else 0
    yield Offer(
        "flow",
        f"Edit {row.path}",
        "does not import" if row.broken else "",
        "",
        partial(console.edit, where, line),
        "bad",
    )


def _run_offers(console: "Console") -> Iterator[Offer]:
    runs: list[FlowRun] = sorted(
        (run for found in console.overview.runs.values() for run in found), key=lambda run: -run.id
    )
    marks = console.paint.marks
    for run in runs[:100]:
        about = f"{marks.glyph(run.state)} {run.flow}  {times.clock(run.created_at)}"
        yield Offer(
            "run", f"Open run {run.id}", about, "", partial(console.open_run, run.id), role(run.state)
        )
