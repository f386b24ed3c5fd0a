"""`calls`, beside a run's journal: what its task calls gave, for a rerun. Written by workers, read by workers and by
who previews a rerun; the console shows what is short JSON in it.

    1f0a93c2 {"kind":"call","path":"load[3]","task":"load",…}<tab>[1,2,3]

A line is a CRC-32 of the rest, a header, and, after a tab, the result: as JSON, or as a JSON string of base64 that
only a worker may unpickle, or empty where it lies in `results/sha256/`, or was not kept. A line that is torn or garbled
is no line: the call that it tells of runs again.
"""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_encode = json.JSONEncoder(separators=(",", ":")).encode
_quote = json.encoder.encode_basestring_ascii


class Call(NamedTuple):
    """A task call that came to its end."""

    path: str
    """Where in the run it was called: "etl[0]/load[3]" is the fourth call of `load` in the first one of `etl`, and
    "load[1.7]" the eighth item of the second `map`. The same in every attempt that takes the same way."""
    task: str
    id: int
    """Of the task run."""
    attempt: int
    state: str
    """A terminal `TaskRunState`."""
    args: str
    """Digest of the arguments as they were before the call; empty where they have none, so that it is never reused."""
    after: str
    """The same after the call, where the call changed it (it wrote the file that an argument names); else empty."""
    code: str
    """Digest of the task's code, and of what it names in the project; empty where there is none."""
    form: str
    """"json", "pickle", or empty where no result was kept."""
    ref: str
    """SHA-256 of a result in `results/sha256/`; empty for one in this line."""


class Code(NamedTuple):
    """Where a task's code lies, and its digest, told before the task's first call of an attempt."""

    task: str
    file: str
    """Absolute."""
    qualname: str
    version: str
    digest: str
    attempt: int


class Environment(NamedTuple):
    """What the attempt runs with, told before its first call."""

    attempt: int
    versions: dict[str, str]
    """Of Python, and of every package that was imported by then and tells its version."""


Entry = Call | Code | Environment
_KINDS: dict[str, Any] = {"call": Call, "code": Code, "environment": Environment}
_NAMES = {cls: name for name, cls in _KINDS.items()}


def encode(entry: Entry, value: str = "") -> bytes:
    """One line. `value` is JSON, without a newline or tab, as our encoders write it."""
    if type(entry) is Call:
        path, task, id, attempt, state, args, after, code, form, ref = entry
        header = (
            f'{{"kind":"call","path":{_quote(path)},"task":{_quote(task)},"id":{id},"attempt":{attempt},'
            f'"state":"{state}","args":"{args}","after":"{after}","code":"{code}","form":"{form}","ref":"{ref}"}}'
        )
    else:
        header = _encode({"kind": _NAMES[type(entry)], **entry._asdict()})
    text = f"{header}\t{value}".encode("ascii")
    return b"%08x %b\n" % (zlib.crc32(text), text)


def decode(line: bytes) -> tuple[Entry, bytes] | None:
    """The entry of a line and the JSON of its value; None for a line that is torn, garbled or of a later version."""
    text = line[9:].rstrip(b"\n")
    try:
        if int(line[:8], 16) != zlib.crc32(text):
            return None
        header, _, value = text.partition(b"\t")
        fields = json.loads(header)
        cls = _KINDS[fields["kind"]]
        return cls._make(map(fields.__getitem__, cls._fields)), value
    except (ValueError, KeyError, TypeError):
        return None


def around(path: str) -> list[str]:
    """The places of the calls that a call was made in: of "etl[0]/day[2]/load[3]", "etl[0]" and "etl[0]/day[2]"."""
    steps = path.split("/")
    return ["/".join(steps[:end]) for end in range(1, len(steps))]


class Place(NamedTuple):
    """Where a line lies in its file."""

    offset: int
    length: int


def read(path: Path) -> Iterator[tuple[Entry, Place]]:
    """Every entry that is whole, in the order in which they were written; nothing where there is no file."""
    offset = 0
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            found = decode(line)
            if found is not None:
                yield found[0], Place(offset, len(line))
            offset += len(line)
