"""Says that a flow file was read anew, and how many of its tasks are others now."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.contract.errors import HistoryError
from tui_flow.counting import counted
from tui_flow.store.records import FlowFile

if TYPE_CHECKING:
    from tui_flow.contract.version import Version
    from tui_flow.tui.app import Console


class Reloads:
    """What one console knows of the versions of flow files."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._known: dict[str, str] = {}
        """The last good version of each file, by its path."""

    def take(self, files: Sequence[FlowFile]) -> None:
        """The history has been read anew."""
        before = self._known
        self._known = {file.path: file.version for file in files if file.version}
        changed = [path for path, version in self._known.items() if before.get(path, version) != version]
        if len(changed) > 1:
            self._console.tell(f"{counted(len(changed), 'flow file')} reloaded, the next runs use them")
        elif changed:
            path = changed[0]
            work: Any = partial(self._tell, path, before[path], self._known[path])
            self._console.run_worker(work, exclusive=True, group="reloads")

    async def _tell(self, path: str, before: str, now: str) -> None:
        from tui_flow.contract.version import Version

        settings, name = self._console.settings, path.rpartition("/")[2]
        if path not in {flow.path for flow in self._console.overview.flows}:
            self._console.tell(f"{name} reloaded: no flow is in it any more", "warn")
            return
        compare = partial(
            changed_tasks,
            settings.project,
            settings.state_dir,
            path,
            Version.from_json(before),
            Version.from_json(now),
        )
        count = None
        with suppress(HistoryError):
            count = await self._console.bridge.read(lambda _: compare())
        if count:
            which = "it" if count == 1 else "them"
            self._console.tell(
                f"{name} reloaded: {counted(count, 'task')} changed, the next run uses {which}"
            )
        else:
            told = "" if count is None else ": no task changed"
            self._console.tell(f"{name} reloaded{told}, the next run uses it")


def changed_tasks(project: Path, state_dir: Path, path: str, before: "Version", now: "Version") -> int | None:
    """How many tasks of a flow file and its modules are others, in what they do and in what they call of the project; None
    where nobody can tell, as of a text that is not kept any more. Takes some ten milliseconds."""
    old, new = (_digests(project, state_dir, path, version) for version in (before, now))
    if old is None or new is None or "" in (*old.values(), *new.values()):
        return None
    return sum(old.get(task) != new.get(task) for task in old.keys() | new.keys())


def _digests(
    project: Path, state_dir: Path, path: str, version: "Version"
) -> dict[tuple[str, str], str] | None:
    from tui_flow.contract.version import read_kept
    from tui_flow.source_digest import SourceDigests, roots_of, tasks_in

    shas = {path: version.sha, **version.module_shas}
    kept = {str(project / one): read_kept(state_dir, sha) for one, sha in shas.items()}
    texts = {one: text.decode("utf-8", "replace") for one, text in kept.items() if text is not None}
    if len(texts) < len(shas):
        return None
    sources = SourceDigests(str(project), roots_of(str(project), str(project / path)), texts.get)
    try:
        return {
            (one, task): sources.digest(one, task) for one, text in texts.items() for task in tasks_in(text)
        }
    except (SyntaxError, ValueError, RecursionError):
        return None
