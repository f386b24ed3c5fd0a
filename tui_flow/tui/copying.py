"""What is copied goes to the terminal's clipboard, and into a file: a terminal gives no answer."""

import base64
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui_flow.contract.errors import at_line
from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.contract.states import RERUNNABLE, WENT_WRONG
from tui_flow.counting import counted
from tui_flow.tui.presentation.about import short_path

if TYPE_CHECKING:
    from tui_flow.contract.failure import Failure
    from tui_flow.store.records import FlowRun
    from tui_flow.tui.presentation.address import Address
    from tui_flow.tui.presentation.flow_list import FlowRow

MAX_ENCODED = 74_994
"""Terminals take no more of base64 in one sequence."""
MAX_BYTES = MAX_ENCODED // 4 * 3
MAX_LINES = 20_000
"""Lines of a log that are copied at once."""
MAX_LOG = 16 * 1024 * 1024
"""Bytes of a log that are looked at for them."""


class Copyable(NamedTuple):
    """Something that can be copied: the key of the menu, what it is, and its text."""

    key: str
    what: str
    text: str

    @property
    def preview(self) -> str:
        """How many lines it has, and how it begins."""
        many, first = line_count(self.text), self.text.strip().partition("\n")[0]
        return f"{many}: {first[:200]}" if many else first[:200]


def line_count(text: str) -> str:
    """ "16 lines"; nothing where it is one."""
    lines = text.strip().count("\n") + 1
    return counted(lines, "line") if lines > 1 else ""


def of_run(run: "FlowRun", failure: "Failure | None", state_dir: Path, address: "Address") -> list[Copyable]:
    """What can be copied of any run, apart from its log; `address` leads to the place in it that is looked at."""
    verb = "rerun" if run.state in RERUNNABLE else "show"
    path = short_path(failure.path, state_dir.parent) if failure and failure.path else ""
    place = at_line(path, failure.line) if failure and path else run.path
    return [
        *([Copyable("y", "error", f"{failure.type}: {failure.message}")] if failure else []),
        *([Copyable("t", "traceback", failure.traceback or failure.message)] if failure else []),
        Copyable("c", "command", f"tui-flow {verb} {run.id}"),
        Copyable("u", "address", f"tui-flow open {shlex.quote(str(address))}"),
        Copyable("p", "path", place),
        Copyable("i", "run's number", str(run.id)),
        Copyable("f", "log's path", str(run_dir(state_dir, run.id) / LOG)),
    ]


def of_flow(row: "FlowRow") -> list[Copyable]:
    """What can be copied of a flow, or of a file that does not import; where its latest run failed, the path is that run's."""
    if row.broken is not None:
        error, trace = row.broken.error or "", row.broken.traceback or ""
        place = at_line(row.path, row.broken.error_line)
        return [
            Copyable("y", "error", error),
            Copyable("t", "traceback", trace),
            Copyable("p", "path", place),
        ]
    return [
        Copyable("c", "command", _command_of(row)),
        Copyable("u", "address", f"tui-flow open {shlex.quote(f'flows/flow:{row.name}')}"),
        *([Copyable("p", "path", f"{row.path}:{row.flow.line}")] if row.flow and not row.failure else []),
    ]


def _command_of(row: "FlowRow") -> str:
    """What goes on from where its run failed, else starts one; with that run's values where some are needed."""
    run = row.run
    if run is not None and run.state in WENT_WRONG:
        return f"tui-flow rerun {run.id}"
    needs = run is not None and row.flow is not None and row.flow.parameters.get("required")
    values = f" --params-from {run.id}" if run is not None and needs else ""
    return f"tui-flow run {shlex.quote(row.name)}{values}"


def first_of_each(things: Iterable[Copyable]) -> list[Copyable]:
    """One thing a key, and none that is empty."""
    found: dict[str, Copyable] = {}
    for thing in things:
        if thing.text:
            found.setdefault(thing.key, thing)
    return list(found.values())


def sequence(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """What makes a terminal take a text into its clipboard (OSC 52); as much of the text as it takes.

    tmux takes the plain one where `set-clipboard` is on, and hands the wrapped one on where `allow-passthrough` is.
    """
    data = text.encode("utf-8", "replace")[:MAX_BYTES].decode("utf-8", "ignore").encode()
    plain = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
    if not environ.get("TMUX"):
        return plain
    doubled = plain.replace("\x1b", "\x1b\x1b")
    return f"{plain}\x1bPtmux;{doubled}\x1b\\"


def is_whole(text: str) -> bool:
    """Whether a terminal takes all of it."""
    return len(text.encode("utf-8", "replace")) <= MAX_BYTES


def yank_path() -> Path:
    """Where the last thing that was copied lies: `~/.cache/tui_flow/yank.txt`, or where caches are."""
    from platformdirs import user_cache_path

    return user_cache_path("tui_flow") / "yank.txt"


def near_home(path: Path) -> str:
    """A path as short as a shell takes it."""
    return f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)


def keep(path: Path, text: str) -> None:
    """Writes it where only its owner reads it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
        os.fchmod(fd, 0o600)
        file.write(text)
