"""How a run's log file looks: plain text that `grep` and `less` can read, one record after another.

    2026-11-23T18:10:00.123456Z INFO     3.1 flow.load: 31402 rows to load
    \tand a second line of the same message

A record begins with its time (UTC); every further line of its message begins with a tab, which is not part of the
message. So no message can pass for a record. After time and level comes `<task run id>.<try>` ("0.1" is the flow
itself, in its first try; "-" is output that nobody can be named for), then the logger's name without white space.
Bytes of the author are kept as they came: whoever shows them makes them safe.
"""

import re
from typing import NamedTuple

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
"""A level's place here is its rank."""
ERROR = LEVELS.index("ERROR")
STDOUT, STDERR = "stdout", "stderr"
"""The logger names of captured output."""
KEEPER = "tui_flow.keeper"
"""The logger name of what the keeper has to say."""
DROPPED = " bytes dropped"
"""How a line of the keeper ends that stands for others: of a log that was too long."""

_HEADER = re.compile(rb"(\S{27}) (\S+) +(\S+) (\S+): ")
_WHITE = re.compile(r"\s+")


class LogRecord(NamedTuple):
    time: str
    """ISO 8601, UTC, with microseconds and "Z"."""
    level: str
    task_run: int | None
    """0 is the flow run itself; None where nobody can be named."""
    tries: int
    logger: str
    message: str
    """With newlines between its lines; not safe to print."""


def rank_of(level: str) -> int:
    """What is no level counts as INFO."""
    return LEVELS.index(level) if level in LEVELS else 1


def encode(at: float, level: str, task_run: int | None, tries: int, logger: str, message: str) -> bytes:
    """One record, newline included, ready for one `write` to a file opened with O_APPEND."""
    who = "-" if task_run is None else f"{task_run}.{tries}"
    name = _WHITE.sub("_", logger) or "root"
    head = f"{stamp_of(at)} {level:<8} {who} {name}: "
    body = message.replace("\r\n", "\n").replace("\n", "\n\t")
    return (head + body).encode("utf-8", "backslashreplace") + b"\n"


def stamp_of(at: float) -> str:
    """A moment as records have it; later ones sort behind."""
    seconds, micros = divmod(round(at * 1_000_000), 1_000_000)
    return f"{_stamp(seconds)}.{micros:06}Z"


def decode(lines: bytes) -> LogRecord | None:
    """The record of a header line and the lines that follow it, or None where that is not one (a torn write)."""
    match = _HEADER.match(lines)
    if match is None:
        return None
    time, level, who, logger = (part.decode("utf-8", "replace") for part in match.groups())
    task_run, _, tries = who.partition(".")
    message = lines[match.end() :].removesuffix(b"\n").replace(b"\n\t", b"\n").decode("utf-8", "replace")
    known = task_run.isdigit() and tries.isdigit()
    return LogRecord(
        time, level, int(task_run) if known else None, int(tries) if known else 1, logger, message
    )


_last_stamp: tuple[int, str] = (-1, "")


def _stamp(seconds: int) -> str:
    """The second as ISO 8601 without a zone. Remembers the last: log lines come many to the second."""
    global _last_stamp
    if _last_stamp[0] != seconds:
        import time

        _last_stamp = (seconds, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)))
    return _last_stamp[1]
