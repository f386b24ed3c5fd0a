"""Where somebody is in the console, as a text that leads there: `tui-flow open run/812/load:77`."""

from typing import NamedTuple

VIEWS = ("flows", "runs", "logs", "schedule", "alerts")


class Spot(NamedTuple):
    """Where in a run somebody wants to be."""

    line: int | None = None
    """Of the run's log, from 0."""
    task: str = ""
    """The name of the task run that is gone to: its number is another in the next attempt."""
    wrong_by: float | None = None
    """In the attempt that had gone wrong by this moment."""
    in_first: bool = False
    """In the first attempt."""


ANYWHERE = Spot()
"""The Run view knows best: at what failed, else at the whole run."""


class Address(NamedTuple):
    """A view with its filter, a run, or an alert."""

    view: str = "flows"
    text: str = ""
    """The filter, or what is looked for."""
    run_id: int | None = None
    at: Spot = ANYWHERE
    """In that run."""
    alert_id: int | None = None

    def __str__(self) -> str:
        if self.alert_id is not None:
            return f"alert/{self.alert_id}"
        if self.run_id is None:
            return f"{self.view}/{self.text}" if self.text else self.view
        task = f"/{self.at.task}" if self.at.task else ""
        line = f":{self.at.line + 1}" if self.at.line is not None else ""
        return f"run/{self.run_id}{task}{line}"
