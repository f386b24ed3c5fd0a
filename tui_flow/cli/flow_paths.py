"""Flow files that are named by their path on the command line: `etl.py`, `work/etl.py:daily`."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from tui_flow.cli.options import PROJECT, settings
from tui_flow.contract.errors import BrokenFlow, ProjectError
from tui_flow.contract.rundir import ENV_PROJECT, find_project, make_private
from tui_flow.settings import Settings, load

LOOK_SECONDS = 1.0
"""How often a watched file is looked at even if no notice of a change came."""


class FlowPath(NamedTuple):
    file: Path
    """Absolute."""
    flow: str
    """Empty for the only one in it."""


def read_flow_path(text: str) -> FlowPath | None:
    """The file and the flow that are meant, or None where the text is a flow's name, or the flow/name that it is served
    under. Raises BrokenFlow where there is no such file."""
    path, colon, flow = text.rpartition(":")
    if not colon or not path.endswith(".py"):
        path, flow = text, ""
    if not path.endswith(".py") and os.sep not in path:
        return None
    file = Path(path).expanduser()
    if not path.endswith(".py") and not file.exists() and path.count("/") == 1:
        return None
    if not file.is_file():
        raise BrokenFlow("there is no such flow file", where=str(file.absolute()), next="check the path")
    return FlowPath(file.resolve(), flow)


def settings_for(file: Path) -> Settings:
    """Those of the project that is named or found from the current folder upwards, else of the file's own; a file that
    lies in none has its runs in the user's data directory, as a script has."""
    try:
        return settings()
    except ProjectError:
        if click.get_current_context().meta.get(PROJECT) or os.environ.get(ENV_PROJECT):
            raise
    project = find_project(file.parent)
    if project is None:
        from platformdirs import user_data_dir

        project = Path(user_data_dir("tui_flow"))
        make_private(project)
    return load(project)[0]


def text_of(file: Path) -> str:
    """The SHA-256 of what the file holds; empty while it is not there."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def wait_for_save(file: Path, text: str) -> str:
    """Waits until the file holds something else than `text` (see `text_of`), and gives what."""
    for _ in _hints(file):
        now = text_of(file)
        if now and now != text:
            return now
    raise AssertionError("the hints never end")


def _hints(file: Path) -> Iterator[None]:
    """At once, whenever something happens beside the file, and once a second."""
    from watchfiles import watch

    yield
    for _ in watch(
        file.parent, recursive=False, step=10, debounce=50,
        rust_timeout=int(1000 * LOOK_SECONDS), yield_on_timeout=True, watch_filter=None,
    ):  # fmt: skip
        yield
