"""What can be done about alerts, wherever they, or rows that they are about, are seen."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tui_flow.contract import commands
from tui_flow.contract.states import AlertState
from tui_flow.store.records import Alert, FlowRun
from tui_flow.tui.asking import Step
from tui_flow.tui.presentation import marking, run_list
from tui_flow.tui.presentation.alert_list import HOLDS
from tui_flow.tui.presentation.marking import Left

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_flow.tui.app import Console

    _Base = Widget
else:
    _Base = object
MUTES: tuple[tuple[str, str, str, float | None], ...] = (
    ("h", "for an hour", "", 3600.0),
    ("8", "for 8 hours", "", 8 * 3600.0),
    ("d", "for a day", "", 86_400.0),
    ("w", "for a week", "", 7 * 86_400.0),
    ("o", "until it is ok", "until a run of it completes", None),
)
"""Key, title, explanation, and seconds."""
Named = Sequence[tuple[str, Sequence[Alert]]]
"""What a row is called, and what is wrong with it."""


class AlertActions(_Base):
    """The part of a view that acknowledges, mutes and takes notes, for the row under the cursor or all that are marked."""

    if TYPE_CHECKING:

        @property
        def console(self) -> Console: ...
        def say(self, text: str, role: str = "") -> None: ...
        def ask(self, hint: str, then: Callable[[str], None], start: str = "") -> None: ...
        def in_hand(self) -> Any: ...
        def targets(self) -> list[Any]: ...
        def name_of(self, row: Any) -> str: ...

    def alerts_of(self, row: Any) -> Sequence[Alert]:
        """What is wrong with a row, the last that happened first."""
        raise NotImplementedError

    def flow_of(self, row: Any) -> str:
        """The flow that a row is about; empty where that is none."""
        raise NotImplementedError

    def flow_in_hand(self) -> str:
        row = self.in_hand()
        return "" if row is None else self.flow_of(row)

    def why_no_alert(self, row: Any) -> str:
        """Why no alert is about a row."""
        return f"nothing is wrong with {self.name_of(row)}"

    def concerned(self) -> Named:
        return [(self.name_of(row), self.alerts_of(row)) for row in self.targets()]

    def action_ack(self) -> None:
        """Somebody knows of what is new in these rows; or, where all is acknowledged already, does not."""
        rows = self.concerned()
        if len(rows) > 1:
            from tui_flow.tui import several

            several.acknowledge(self.console, rows)
            return
        for name, alerts in rows:
            self._acknowledge(name, alerts)

    def action_note(self) -> None:
        """Asks for a text that stays with the error: of each row the last that happened."""
        rows = self.concerned()
        last = {alerts[0].id: alerts[0] for _, alerts in rows if alerts}
        left = [Left(name, "no alert is about it") for name, alerts in rows if not alerts]
        if not rows or not self.console.may_change():
            return
        if last:
            hint = "a note for those who see this error after you"
            self.ask(hint, partial(self._note, list(last.values()), left))
        else:
            alone = self.why_no_alert(self.targets()[0])
            self.say(alone if len(rows) == 1 else marking.outcome([], "noted", left))

    def _note(self, alerts: Sequence[Alert], left: Sequence[Left], text: str) -> None:
        from tui_flow.tui.presentation import alert_about

        text = text.strip()
        if not text:
            return
        notes = [
            (
                alert_about.name(alert),
                commands.NoteAlert(alert.id, text),
                commands.NoteAlert(alert.id, text, undo=True),
            )
            for alert in alerts
        ]
        if len(notes) > 1 or left:
            self.console.do_all([Step(*note) for note in notes], "noted", left)
        else:
            name, note, back = notes[0]
            self.console.do(note, f"noted on {name}; u undoes", undo=(f"note on {name}", back))

    def _acknowledge(self, name: str, alerts: Sequence[Alert]) -> None:
        new = [alert.id for alert in alerts if alert.state is AlertState.NEW]
        known = [alert.id for alert in alerts if alert.state is AlertState.ACKNOWLEDGED]
        ids = new or known
        ack, undo = commands.AcknowledgeAlerts(ids), commands.AcknowledgeAlerts(ids, undo=True)
        if new:
            self.console.do(
                ack, f"{name} is acknowledged for {HOLDS}; u undoes", undo=(f"ack of {name}", undo)
            )
        elif known:
            self.console.do(undo, f"{name} is new again", undo=(f"{name} is acknowledged again", ack))
        else:
            self.say(f"{name}: there is nothing to acknowledge")

    def action_mute(self) -> None:
        """Asks for how long; where all these flows are muted, ends that."""
        flows = list(dict.fromkeys(flow for row in self.targets() if (flow := self.flow_of(row))))
        if not flows:
            self.say("only a flow can be muted; a acknowledges this" if self.targets() else "")
        elif self.console.may_change():
            self._mute(flows)

    def _mute(self, flows: list[str]) -> None:
        from tui_flow.tui.screens.menu import Choice, MenuScreen

        known = self.console.overview.alerts
        rows = [(flow, [alert for alert in known if alert.flow == flow]) for flow in flows]
        if all(is_muted(alerts) for _, alerts in rows):
            self._unmute(rows)
            return

        def chosen(key: str | None) -> None:
            if key is None:
                return
            _, title, _, seconds = next(each for each in MUTES if each[0] == key)
            steps = [
                Step(flow, commands.MuteAlerts(flow, seconds), commands.UnmuteAlerts(flow)) for flow in flows
            ]
            self._do(steps, f"muted {title}", "mute")

        choices = [Choice(key, title, about) for key, title, about, _ in MUTES]
        title = f"Send no message about {marking.names(flows)}"
        self.console.push_screen(MenuScreen(title, choices, opens_with="m"), chosen)

    def _unmute(self, rows: Named) -> None:
        now = time.time()
        until = {name: max((alert.until or 0.0 for alert in alerts), default=0.0) for name, alerts in rows}
        self._do(
            [
                Step(
                    flow,
                    commands.UnmuteAlerts(flow),
                    commands.MuteAlerts(flow, end - now if end > now else None),
                )
                for flow, end in until.items()
            ],
            "heard again",
            "unmute",
        )

    def _do(self, steps: Sequence[Step], verb: str, noun: str) -> None:
        if len(steps) > 1:
            self.console.do_all(steps, verb, noun="flow")
            return
        for flow, command, undo in steps:
            if undo is not None:
                self.console.do(command, f"{flow} is {verb}; u undoes", undo=(f"{noun} of {flow}", undo))


class RunAlertActions(AlertActions):
    """The same where rows are runs."""

    def name_of(self, row: FlowRun) -> str:
        return f"{row.flow} {row.id}"

    def alerts_of(self, row: FlowRun) -> Sequence[Alert]:
        return [alert for alert in self.console.overview.alerts if row.id in alert.runs]

    def flow_of(self, row: FlowRun) -> str:
        return row.flow

    def why_no_alert(self, row: FlowRun) -> str:
        return run_list.why_no_alert(row)

    def useless_for_alerts(self, row: FlowRun) -> set[str]:
        """Of these actions, those that would do nothing for a run."""
        alerts = self.alerts_of(row)
        is_over = all(alert.state is AlertState.RECOVERED for alert in alerts)
        return {*(() if alerts else ["note"]), *(["ack"] if is_over else ())}


def is_muted(alerts: Sequence[Alert]) -> bool:
    now = time.time()
    return any(alert.is_muted(now) for alert in alerts)
