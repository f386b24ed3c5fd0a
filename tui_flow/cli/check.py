"""What a check of `tui-flow doctor` finds."""

from typing import NamedTuple

OK, WARN, FAIL = "ok", "warn", "fail"
MIB = 1024 * 1024


class Check(NamedTuple):
    name: str
    status: str
    """"ok", "warn" (a promise is weaker here) or "fail" (it does not work here)."""
    found: str
    next: str = ""
    """What to do about it."""
