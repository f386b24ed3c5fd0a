"""How a process of a run is asked where its threads stand, and how it answers: by signals, into a file of the run.

Who asks sends `ASK`. The main thread of the process answers as soon as it runs Python, with one JSON line at the end of
`stacks` in the run directory. A main thread that hangs in C code, or in a lock of C code, cannot; then `DUMP` has
`faulthandler` write all stacks as text, whatever the interpreter is doing. That is the second choice, because it reads
the frames of threads that may be running: it is safe only while they stand still.

Either interrupts a system call that C code is in, as any signal does; Python's own are taken up again.

Only a process that has both signals in hand and the file open was made ready for this. Any other would die of them.
"""

import json
import signal
from typing import Any, NamedTuple

_FIRST = getattr(signal, "SIGRTMIN", 0)
ASK, DUMP = _FIRST + 20, _FIRST + 21
"""Real-time signals that nobody else is known to use. Where there are none, nobody can be asked."""
MAX_FRAMES = 200
"""Of one thread: the innermost ones."""


class Frame(NamedTuple):
    path: str
    line: int
    """0 where it cannot be told."""
    function: str


class Standing(NamedTuple):
    """Where one thread, or one coroutine that waits, stands."""

    name: str
    """Of the thread, or of the asyncio task; empty where it cannot be told."""
    frames: list[Frame]
    """The innermost one last."""
    kind: str = "thread"
    """"thread" or "coroutine"."""
    is_main: bool = False
    task_run: int | None = None
    """The task run that it works on; 0 is the flow itself, None where that cannot be told."""
    run_name: str = ""
    tries: int = 0


def encode(pid: int, standings: list[Standing]) -> bytes:
    """The answer of a process, as one line."""
    return json.dumps({"pid": pid, "standings": [one._asdict() for one in standings]}).encode() + b"\n"


def decode(line: bytes) -> tuple[int, list[Standing]] | None:
    """The pid and the answer of one line; None for one that is torn or none of ours."""
    try:
        answer = json.loads(line)
        return answer["pid"], [_standing(one) for one in answer["standings"]]
    except (ValueError, KeyError, TypeError):
        return None


def _standing(fields: dict[str, Any]) -> Standing:
    known = {key: fields[key] for key in Standing._fields if key in fields}
    return Standing(**{**known, "frames": [Frame(*frame) for frame in known["frames"]]})
