"""Finds the value of a secret, in the process that needs it, when it needs it (`contract.secret_sources`)."""

import os
import shlex
import subprocess
from _thread import allocate_lock
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_flow.contract.secret_sources import ANY, Source, env_name, sources_of

COMMAND_SECONDS = 60.0
"""A command may have to ask somebody for a passphrase, but not for ever."""

_found: dict[tuple[Source, str], str] = {}
"""What commands and keyrings gave: they are asked once in a process, since asking is slow, and may ask a person."""
_asking = allocate_lock()


def find(name: str, project: Path, otherwise: Callable[[], Any]) -> Any:
    """The secret, from the environment, its own source in the settings, `otherwise`, or the source for all; None where
    nobody knows it. Raises ValueError where the source that is to have it has it not."""
    if (value := os.environ.get(env_name(name))) is not None:
        return value
    sources = sources_of(project)
    if name in sources:
        return _ask(sources[name], name)
    if (value := otherwise()) is not None:
        return value
    return _ask(sources[ANY], name) if ANY in sources else None


def _ask(source: Source, name: str) -> str:
    try:
        return _SOURCES[source.kind](source, name)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"secret {name!r} cannot be had from its {source.kind}: {error}") from None


def _from_environment(source: Source, name: str) -> str:
    value = os.environ.get(source.what)
    if value is None:
        raise ValueError(f"secret {name!r} is to be in the environment, as {source.what}, and is not")
    return value


def _from_file(source: Source, name: str) -> str:
    path = Path(source.what.replace("{name}", name)).expanduser()
    with path.open(encoding="utf-8") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise ValueError(f"secret {name!r}: others may read or write {path}: chmod 600 '{path}'")
        return file.read().removesuffix("\n")


def _from_command(source: Source, name: str) -> str:
    with _asking:
        key = source, name
        if key not in _found:
            _found[key] = _printed(source.what, name)
        return _found[key]


def _printed(command: str, name: str) -> str:
    arguments = [part.replace("{name}", name) for part in shlex.split(command)]
    done = subprocess.run(
        arguments,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2]
        raise ValueError(f"secret {name!r}: {arguments[0]} ended with {done.returncode}: {said}")
    return done.stdout.removesuffix("\n")


def _from_keyring(source: Source, name: str) -> str:
    try:
        import keyring  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise ValueError(f"secret {name!r} is to be in the keyring: pip install keyring") from None
    with _asking:
        key = source, name
        if key not in _found:
            value = keyring.get_password(source.what, name)
            if value is None:
                raise ValueError(f"secret {name!r} is not in the keyring's service {source.what!r}")
            _found[key] = value
        return _found[key]


_SOURCES = {
    "env": _from_environment,
    "file": _from_file,
    "command": _from_command,
    "keyring": _from_keyring,
}
