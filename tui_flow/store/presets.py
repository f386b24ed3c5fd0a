"""Named values for the parameters of flows: `presets.json` in the state directory, which people write and no run reads.

    {"etl_daily": {"full reload": {"full": true}}}

A preset holds what is not the flow's default, and never a secret.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tui_flow.contract.errors import BadParameters, StateDirError
from tui_flow.contract.flow_names import same_name
from tui_flow.contract.rundir import write_whole

FILE = "presets.json"
MAX_NAME = 60
"""Characters of a name."""
Presets = dict[str, dict[str, Any]]
"""The values by the preset's name."""


def load(state_dir: Path) -> dict[str, Presets]:
    """By flow. Raises StateDirError, which says what is wrong with the file."""
    path = state_dir / FILE
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _broken(path, f"cannot be read: {error}") from None
    is_whole = isinstance(found, dict) and all(
        isinstance(presets, dict) and all(isinstance(values, dict) for values in presets.values())
        for presets in found.values()
    )
    if not is_whole:
        raise _broken(path, "are not what this program writes")
    whole: dict[str, Presets] = found
    return whole


def _broken(path: Path, what: str) -> StateDirError:
    return StateDirError(f"the presets {what}", where=str(path), next="mend the file, or delete it")


def of_flow(state_dir: Path, flow: str) -> Presets:
    presets = load(state_dir)
    return presets.get(_key(presets, flow), {})


def _key(presets: Mapping[str, Presets], flow: str) -> str:
    """The flow's name as it stands in the file."""
    return next((name for name in presets if same_name(name, flow)), flow)


def get(state_dir: Path, flow: str, name: str) -> dict[str, Any]:
    """Raises BadParameters, with the names that there are."""
    found = of_flow(state_dir, flow)
    if name not in found:
        names = ", ".join(found) or "none: F4 in the console's form for parameters saves one"
        raise BadParameters(f"flow {flow} has no preset {name!r}", next=f"there are {names}")
    return found[name]


def save(state_dir: Path, flow: str, name: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Gives the values that it had before. Raises BadParameters for a name that is too long, or empty, and
    StateDirError."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise BadParameters(f"a preset's name has 1 to {MAX_NAME} characters")
    with _changed(state_dir) as presets:
        of = presets.setdefault(_key(presets, flow), {})
        before = of.get(name)
        of[name] = dict(values)
    return before


def forget(state_dir: Path, flow: str, name: str) -> dict[str, Any]:
    """Gives the values that it had. Raises BadParameters and StateDirError."""
    values = get(state_dir, flow, name)
    with _changed(state_dir) as presets:
        presets.get(_key(presets, flow), {}).pop(name, None)
    return values


@contextmanager
def _changed(state_dir: Path) -> Iterator[dict[str, Presets]]:
    """What is written again as it is then, unless somebody else writes just now: two people rarely do."""
    presets = load(state_dir)
    yield presets
    kept = {flow: found for flow, found in presets.items() if found}
    try:
        write_whole(state_dir / FILE, json.dumps(kept, indent=2, ensure_ascii=False).encode())
    except OSError as error:
        raise StateDirError(
            f"the presets cannot be written: {error.strerror}",
            where=str(state_dir / FILE),
            next="make room on the disk, or see to its rights",
        ) from None
