"""A measured figure."""

from typing import NamedTuple


class Figure(NamedTuple):
    """The median of several runs, beside what it should be and what plain Python takes for the same."""

    name: str
    value: float
    unit: str
    mark: float | None
    """The limit that was set for it; None where there is none."""
    baseline: float | None
    """The same thing in plain Python, measured in the same run."""
    ratio: float | None
    """Value by baseline."""
    note: str
    """What the baseline is, or what limits the value."""
