"""Values as bytes, and big ones as files that are named after what they hold.

JSON for what JSON gives back exactly as it was; anything else is pickled, and unpickled only here: in a worker.
"""

import json
import os
from pathlib import Path
from typing import Any

from tui_flow.contract import rundir

MAX_INLINE = 64 * 1024
"""Bytes; what is longer gets a file of its own."""
WARN_BYTES = 100 * 1024 * 1024
MAX_BYTES = 1024 * 1024 * 1024
"""A longer result is not kept."""
_MAX_DEPTH = 32
_SCALARS = frozenset({type(None), bool, int, float, str})
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class TooLarge(ValueError):
    """A result of more than `MAX_BYTES`."""


def packed(value: Any) -> tuple[str, bytes]:
    """The form ("json" or "pickle") and the bytes. Raises whatever pickling raises, and TooLarge."""
    if is_exact_json(value):
        try:
            data = _json(value).encode("ascii")
        except ValueError:  # a number with too many digits
            return "pickle", pickled(value)
        return "json", _checked(data)
    return "pickle", pickled(value)


def _json(value: Any) -> str:
    """What most tasks give at once: the encoder makes itself anew for each value, which takes longer than all else."""
    if value is None:
        return "null"
    return repr(value) if type(value) is int else _encode(value)


def pickled(value: Any) -> bytes:
    import pickle

    try:
        data = pickle.dumps(value, protocol=5)
    except Exception:  # such as functions and classes that no module holds
        data = b"__main__"
    if b"__main__" in data:  # whose classes another process does not find by name
        import cloudpickle  # type: ignore[import-untyped]

        data = cloudpickle.dumps(value)
    return _checked(data)


def unpacked(form: str, data: bytes) -> Any:
    """`packed`'s way back. Raises whatever unpickling raises: the code that it needs may be gone."""
    if form == "json":
        return json.loads(data)
    import pickle

    return pickle.loads(data)  # noqa: S301  (what this project wrote itself, 0600, and only in a worker)


def _checked(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise TooLarge(f"a result of {len(data):,} bytes, and at most {MAX_BYTES:,} are kept")
    return data


def is_exact_json(value: Any, depth: int = _MAX_DEPTH) -> bool:
    """Whether JSON gives back an equal value of the same types."""
    cls = type(value)
    if cls in _SCALARS:
        return True
    if depth == 0:
        return False
    if cls is list:
        return _SCALARS.issuperset(map(type, value)) or all(is_exact_json(item, depth - 1) for item in value)
    if cls is dict:
        return all(type(key) is str for key in value) and is_exact_json(list(value.values()), depth)
    return False


def store(project: str | Path, data: bytes) -> str:
    """Keeps the bytes under their SHA-256, and gives that. Raises OSError."""
    import hashlib

    sha = hashlib.sha256(data).hexdigest()
    path = place(project, sha)
    try:
        os.utime(path)  # in use, as of now: what is old is pruned unless an old run refers to it
    except FileNotFoundError:
        rundir.make_private(path.parent)
        rundir.write_whole(path, data)
    return sha


def load(project: str | Path, sha: str) -> bytes | None:
    """The bytes of that name, if they are there and are what their name says."""
    import hashlib

    try:
        data = place(project, sha).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == sha else None


def place(project: str | Path, sha: str) -> Path:
    return Path(project) / rundir.STATE_DIR / rundir.RESULTS / "sha256" / sha[:2] / sha
