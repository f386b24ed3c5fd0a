"""Named limits: how many may do something at once, or how often, in all runs and scripts of a project.

    <state directory>/limits/<name>/limit.json   what it allows
    <state directory>/limits/<name>/turn         held for the moment in which slots are counted
    <state directory>/limits/<name>/<number>     a slot: who holds its lock has it, and is named in it
    <state directory>/limits/<name>/line/        who waits (`waiting_line`)
    <state directory>/limits/<name>/level        of a limit that refills: how many slots are used up, and when

A slot is a lock that the kernel frees on death, so none is ever lost, and no engine is needed. A limit named "tag:x"
holds for the task runs with the tag x.
"""

import json
import os
import shutil
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.rundir import lock_holder, take_lock, write_whole
from tui_flow.contract.waiting_line import Place, ahead_of, seconds_to_wait

LIMITS = "limits"
TAG = "tag:"
_DEFINITION, _TURN, _LEVEL = "limit.json", "turn", "level"
_MAX_NAME, MAX_LIMIT = 100, 10_000
AGAIN_SECONDS = 0.02
"""Before somebody who has the turn is asked again."""
_TURN_TRIES, _TURN_SECONDS = 20, 0.0005

_guard = threading.Lock()
_held: dict[str, int] = {}
"""The slots of this process, by path: the kernel does not tell its threads apart."""


class Limit(NamedTuple):
    """What may be done at once, or how often."""

    name: str
    limit: int
    slot_decay_per_second: float = 0.0
    """So many slots come back each second by themselves; 0: each when its holder lets go."""
    is_active: bool = True
    """False: it holds nobody up."""


class Hold:
    """Slots that this process has. `release` gives them back; its death does so too."""

    def __init__(self, slots: dict[str, int]) -> None:
        self._slots = slots

    def release(self) -> None:
        """Twice is harmless, and so it is in a forked child, which has none."""
        with _guard:
            for path in self._slots:
                fd = _held.pop(path, None)
                if fd is not None:
                    os.close(fd)
        self._slots = {}


def checked_name(name: Any) -> str:
    """The name. Raises ValueError for one that no limit can have."""
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME or not name.isprintable():
        raise ValueError(f"a limit's name is a text of 1 to {_MAX_NAME} characters, not {name!r:.120}")
    if name.startswith(".") or any(character in name for character in "/%&<>\\"):
        raise ValueError(f"a limit's name has none of / % & < > \\ and no dot at its start, unlike {name!r}")
    return name


def load(state_dir: Path, name: str) -> Limit | None:
    """The limit of that name, None where there is none. Raises ValueError for a name that no limit can have."""
    try:
        fields = json.loads((_folder(state_dir, name) / _DEFINITION).read_bytes())
        return Limit(
            name, int(fields["limit"]), float(fields["slot_decay_per_second"]), bool(fields["is_active"])
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError):
        return Limit(name, 0)  # damaged: better nobody than everybody


def exists(state_dir: Path, name: str) -> bool:
    """The same question, as fast as can be; False for what can be no name."""
    return os.path.exists(f"{state_dir}/{LIMITS}/{name}/{_DEFINITION}")  # noqa: PTH110


def save(state_dir: Path, limit: Limit) -> None:
    """Makes a limit, or changes it; who has a slot keeps it. Raises ValueError for what is no limit, OSError."""
    if not 0 <= limit.limit <= MAX_LIMIT:
        raise ValueError(f"a limit is from 0 to {MAX_LIMIT:,}, not {limit.limit}")
    if not 0.0 <= limit.slot_decay_per_second < 1e6:
        raise ValueError(f"so many slots cannot be freed in a second: {limit.slot_decay_per_second:g}")
    folder = _folder(state_dir, limit.name)
    for one in (folder.parent, folder):
        one.mkdir(mode=0o700, exist_ok=True)
    fields = limit._asdict()
    del fields["name"]
    write_whole(folder / _DEFINITION, json.dumps(fields).encode())


def remove(state_dir: Path, name: str) -> bool:
    """False where there is none of that name."""
    folder = _folder(state_dir, name)
    if not folder.is_dir():
        return False
    shutil.rmtree(folder)
    return True


def list_limits(state_dir: Path) -> list[Limit]:
    """All of them, by name."""
    try:
        names = sorted(entry.name for entry in os.scandir(state_dir / LIMITS) if entry.is_dir())
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        with suppress(ValueError):
            found.append(load(state_dir, name))
    return [limit for limit in found if limit is not None]


def holders(state_dir: Path, limit: Limit) -> list[str]:
    """Who has its slots, one entry for each; for a process that has none itself."""
    found = []
    for path in _slots(_folder(state_dir, limit.name)):
        if lock_holder(path) is not None:
            with suppress(OSError):
                found.append(path.read_text("utf-8", "replace").strip())
    return found


def in_use(state_dir: Path, limit: Limit) -> float:
    """How many of its slots somebody has, this process included, or are used up and not yet back, whichever is more."""
    with _guard:  # a slot that this process is about to take would be lost by asking for its holder
        taken = sum(map(_is_taken, _slots(_folder(state_dir, limit.name))))
    return max(float(taken), round(used_up(state_dir, limit), 1))


def used_up(state_dir: Path, limit: Limit) -> float:
    """Of a limit that refills: how many slots are used up now."""
    return _level(_folder(state_dir, limit.name), limit)


def wait_in_line(state_dir: Path, limits: list[Limit]) -> Place | None:
    """A place in the line of a limit, for `acquire`. Who wants slots of several at once has none: it could hold up those
    who have what it lacks. Raises OSError."""
    with _guard:
        return Place(_folder(state_dir, limits[0].name)) if len(limits) == 1 else None


def acquire(
    state_dir: Path,
    limits: list[Limit],
    occupy: int,
    holder: str,
    *,
    keeps: bool,
    place: Place | None = None,
) -> Hold | float:
    """Slots of all these limits, or of none: then the seconds after which it makes sense to ask again.

    With `keeps` they are held until they are released; without, they are used up, and come back by themselves. Of one
    limit they go to who has waited longest; `place` is where the caller waits.
    """
    with _guard, ExitStack() as turns:
        folders = {limit: _folder(state_dir, limit.name) for limit in sorted(limits)}
        for folder in folders.values():
            turn = _turn(folder)
            if turn is None:
                return AGAIN_SECONDS
            turns.callback(os.close, turn)
        if place is not None:
            place.look()
        ahead = [ahead_of(folder, place) for folder in folders.values()] if len(folders) == 1 else [0]
        if ahead[0]:
            return seconds_to_wait(ahead[0])
        waits = [_wait_to_refill(folder, limit, occupy) for limit, folder in folders.items()]
        if any(waits):
            return max(waits)
        slots: dict[str, int] = {}
        for limit, folder in folders.items() if keeps else ():
            found = _free_slots(folder, limit, occupy)
            if len(found) < occupy:
                _close([*found.values(), *slots.values()])
                return AGAIN_SECONDS
            slots |= found
        for limit, folder in folders.items():
            if limit.slot_decay_per_second:
                _set_level(folder, _level(folder, limit) + occupy)
        for path, fd in slots.items():
            os.ftruncate(fd, os.pwrite(fd, f"{holder}\n".encode(), 0))
            _held[path] = fd
        return Hold(slots)


def _folder(state_dir: Path, name: str) -> Path:
    return state_dir / LIMITS / checked_name(name)


def _slots(folder: Path) -> list[Path]:
    """The slots that there ever were, also more than there are now."""
    with os.scandir(folder) as entries:
        numbers = sorted(int(entry.name) for entry in entries if entry.name.isdigit())
    return [folder / str(number) for number in numbers]


def _is_taken(path: Path) -> bool:
    """Whether somebody has a slot, this process included; with `_guard` held."""
    return str(path) in _held or lock_holder(path) is not None


def _turn(folder: Path) -> int | None:
    """The lock under which slots are counted. Others have it for less than a millisecond."""
    for _ in range(_TURN_TRIES):
        fd = take_lock(folder / _TURN)
        if fd is not None:
            return fd
        time.sleep(_TURN_SECONDS)
    return None


def _free_slots(folder: Path, limit: Limit, wanted: int) -> dict[str, int]:
    """So many free slots, taken; none where there are not so many. Slots that are held from when the limit was higher
    count as well: for each of them one of the others stays free."""
    beyond = [path for path in _slots(folder) if int(path.name) >= limit.limit]
    taken = sum(map(_is_taken, beyond))
    found: dict[str, int] = {}
    for number in range(limit.limit):
        path = folder / str(number)
        fd = None if str(path) in _held else take_lock(path)
        if fd is not None:
            found[str(path)] = fd
        if len(found) == wanted + taken:
            break
    keep = dict(list(found.items())[:wanted]) if len(found) == wanted + taken else {}
    _close([fd for path, fd in found.items() if path not in keep])
    return keep


def _wait_to_refill(folder: Path, limit: Limit, occupy: int) -> float:
    """How long until a limit that refills has so many slots; 0 where it has."""
    if not limit.slot_decay_per_second:
        return 0.0
    return max(0.0, (_level(folder, limit) + occupy - limit.limit) / limit.slot_decay_per_second)


def _level(folder: Path, limit: Limit) -> float:
    """Slots that are used up now. A clock that was set back makes nothing come back sooner, and nobody wait for long."""
    try:
        level, at = map(float, (folder / _LEVEL).read_text("ascii").split())
    except (OSError, ValueError):
        return 0.0
    return max(0.0, level - max(0.0, time.time() - at) * limit.slot_decay_per_second)


def _set_level(folder: Path, level: float) -> None:
    fd = os.open(folder / _LEVEL, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.ftruncate(fd, os.pwrite(fd, f"{level:.6f} {time.time():.6f}\n".encode(), 0))
    finally:
        os.close(fd)


def _close(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def _in_forked_child() -> None:
    """Its parent's slots are not its own."""
    global _guard
    _guard = threading.Lock()
    _close(list(_held.values()))
    _held.clear()


os.register_at_fork(after_in_child=_in_forked_child)
