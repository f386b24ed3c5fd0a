"""How commands and their answers go over the Unix socket: one JSON object a line, in both directions. A client sends

    {"v": 1, "id": 7, "command": "CancelRun", "run_id": 812, "kill": false}

and gets, with the same id, exactly one of

    {"v": 1, "id": 7, "ok": true, "result": {…}}
    {"v": 1, "id": 7, "ok": false, "error": {"kind": "UnknownRun", "what": "…", "where": "…", "next": "…"}}

Between replies a subscriber also gets changes, which have no id.
"""

import json
from types import GenericAlias
from typing import Any, get_args, get_origin

from tui_flow.contract.commands import COMMANDS, Command
from tui_flow.contract.errors import BadParameters, ProtocolError, too_deep

VERSION = 1
MAX_LINE = 4 * 1024 * 1024
"""A longer line ends the connection."""


def encode_request(id: int, command: Command) -> bytes:
    """Raises BadParameters for what no line can carry: too much, or a number that JSON has no word for."""
    try:
        line = to_line({"v": VERSION, "id": id, "command": type(command).__name__, **command._asdict()})
    except ValueError:
        raise BadParameters(
            "a parameter is not a finite number", next="JSON has none: let the flow take it as text"
        ) from None
    except RecursionError:
        raise too_deep() from None
    if len(line) > MAX_LINE:
        raise BadParameters(
            f"the parameters take {len(line):,} bytes, and a run takes at most {MAX_LINE:,}",
            next="save them in a file, and give the flow its path",
        )
    return line


def decode_request(line: bytes) -> tuple[int, Command]:
    """The id and the command of one line. Raises ProtocolError, which says what is wrong with it."""
    message = from_line(line)
    id, name = message.get("id"), message.get("command")
    cls = COMMANDS.get(name) if isinstance(name, str) else None
    if not isinstance(id, int) or cls is None:
        raise ProtocolError(f"not a command of this engine: {name!r:.100}")
    fields = {key: message[key] for key in cls._fields if key in message}
    for key, value in fields.items():
        if not _fits(value, cls.__annotations__[key]):
            raise ProtocolError(f"{name}: {key} cannot be {value!r:.100}")
    try:
        return id, cls(**fields)
    except TypeError as error:
        raise ProtocolError(f"{name}: {error}") from None


def _fits(value: Any, hint: Any) -> bool:
    """Whether a JSON value is what a field is declared as; of a list, its items too."""
    if not isinstance(value, get_origin(hint) if isinstance(hint, GenericAlias) else hint):
        return False
    if not isinstance(value, list):
        return True
    wanted = get_args(hint)[0]
    return all(isinstance(item, get_origin(wanted) or wanted) for item in value)


def to_line(message: dict[str, Any]) -> bytes:
    """Raises ValueError for a number that is not finite."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def from_line(line: bytes) -> dict[str, Any]:
    """Raises ProtocolError for what is not a message of this version."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError("not JSON") from None
    if not isinstance(message, dict) or message.get("v") != VERSION:
        version = message.get("v") if isinstance(message, dict) else None
        raise ProtocolError(
            f"the other end speaks version {version!r} of the protocol, this one {VERSION}",
            next="stop the engine with `tui-flow engine stop`; the next command starts the installed version",
        )
    return message
