"""What a rerun would reuse and what it would run, told without running or importing any of the author's code.

    python -m tui_flow.sdk.preview <run directory> <JSON: from_tasks, only, only_failed, force, source_sha, changed_parameters>

Prints the fields of `commands.RerunPreview` as a JSON object. It reads what the attempts before recorded, and parses
the flow file as it is now (or as it was, with `source_sha`).
"""

import json
import sys
from pathlib import Path
from typing import Any

from tui_flow.contract import calls, journal, rundir
from tui_flow.contract.commands import RerunPreview
from tui_flow.contract.errors import EXIT_STATE, EXIT_USAGE
from tui_flow.contract.left_out import is_left_out, matches
from tui_flow.contract.states import TaskRunState
from tui_flow.sdk import result_files
from tui_flow.sdk.reach import imports, reached
from tui_flow.source_digest import SourceDigests, roots_of


class Recorded:
    """What the attempts before said of their calls."""

    def __init__(self, directory: Path) -> None:
        self.calls: dict[str, calls.Call] = {}
        """The last one at each place, in the order in which the places were first called."""
        self.codes: dict[tuple[str, str], calls.Code] = {}
        """By task and digest."""
        self.versions: dict[str, str] = {}
        first: dict[str, int] = {}
        self._ids: set[int] = set()
        for entry, _ in calls.read(directory / rundir.CALLS):
            if isinstance(entry, calls.Call):
                self.calls[entry.path] = entry
                self._ids.add(entry.id)
                first[entry.path] = min(entry.id, first.get(entry.path, entry.id))
            elif isinstance(entry, calls.Code):
                self.codes[entry.task, entry.digest] = entry
            else:
                self.versions = entry.versions
        self.calls = {path: self.calls[path] for path in sorted(self.calls, key=first.__getitem__)}

    def names_of(self, task: str) -> set[str]:
        """What the task is called in the text of its file: the function's name, or one like its own."""
        functions = {
            code.qualname.rpartition(".")[2] for (name, _), code in self.codes.items() if name == task
        }
        return {task, task.replace("-", "_"), *functions}

    def is_left_out(self, call: calls.Call, spec: rundir.RunSpec) -> bool:
        """Whether the run leaves the call out, which an attempt may have made all the same."""
        is_of_a_task = any(place in self.calls for place in calls.around(call.path))
        return is_left_out(call.task, spec.skip, [] if is_of_a_task else spec.only)

    def unfinished(self, directory: Path) -> list[str]:
        """The names of the task runs of the last attempt that came to no end of their own."""
        open_runs: dict[int, str] = {}
        try:
            lines = (directory / rundir.JOURNAL).open("rb")
        except FileNotFoundError:
            return []
        with lines:
            for line in lines:
                if line.startswith(b'{"event":"RunStarted"'):
                    open_runs.clear()
                if not line.startswith((b'{"event":"TaskCreated"', b'{"event":"TaskFinished"')):
                    continue
                event = journal.decode(line)
                if isinstance(event, journal.TaskCreated) and event.kind == "task":
                    open_runs[event.id] = event.name
                elif isinstance(event, journal.TaskFinished) and event.state == TaskRunState.CACHED:
                    open_runs.pop(event.id, None)
        return [name for id, name in open_runs.items() if id not in self._ids]


def preview(directory: Path, options: dict[str, Any]) -> RerunPreview:
    """Raises ValueError where there is no such run."""
    spec = rundir.read_spec(directory)
    if spec is None:
        raise ValueError(f"no run in {directory}")
    recorded = Recorded(directory)
    digests = _Digests(spec, options.get("source_sha") or "", recorded)
    is_asked = bool(options.get("force"))
    only, from_tasks = options.get("only") or [], options.get("from_tasks") or []
    around = {
        path
        for call in recorded.calls.values()
        if matches(call.task, only)
        for path in calls.around(call.path)
    }
    counts = dict.fromkeys(("reuse", "changed", "failed", "unkept", "asked"), 0)
    changed: dict[str, None] = {}
    wanted = ["*"] if is_asked else [*only, *from_tasks]
    unfinished = []
    for name in recorded.unfinished(directory):
        was_left_out = is_left_out(name, spec.skip, spec.only)
        if not was_left_out or matches(name, wanted):
            unfinished.append(name)
            counts["asked" if was_left_out else "failed"] += 1
    reused, again = [], set(unfinished)
    for call in recorded.calls.values():
        if recorded.is_left_out(call, spec) and not matches(call.task, wanted):
            continue
        is_asked = is_asked or call.task in from_tasks
        if call.state != TaskRunState.COMPLETED:
            counts["failed"] += 1
        elif is_asked or call.path in around or matches(call.task, only):
            counts["asked"] += 1
        elif not call.form or not _is_there(spec.project, call):
            counts["unkept"] += 1
        elif not only and not options.get("only_failed") and digests.now(call) != call.code:
            counts["changed"] += 1
            changed[call.task] = None
        else:
            counts["reuse"] += 1
            reused.append(call)
            continue
        again.add(call.task)
    perhaps = []
    if not only:  # else arguments do not count
        perhaps = _perhaps(recorded, digests, reused, again, options.get("changed_parameters") or [])
    return RerunPreview(
        **counts,
        run=sum(counts.values()) - counts["reuse"],
        changed_tasks=list(changed),
        environment=_differences(recorded.versions),
        perhaps=len(perhaps),
        perhaps_tasks=list(dict.fromkeys(call.task for call in perhaps)),
    )


def _perhaps(
    recorded: Recorded, digests: "_Digests", reused: list[calls.Call], again: set[str], parameters: list[str]
) -> list[calls.Call]:
    """Those of the calls that may get other values than before."""
    if not reused or not (again or parameters):
        return []
    names = set().union(*(recorded.names_of(task) for task in again))
    foreign = digests.foreign_functions()
    found = digests.reached(parameters, names | foreign if names else names)
    if found is None or found & foreign:
        return reused
    inside = foreign if names else set()  # a flow of another file, in which something may run again
    return [call for call in reused if any((found | inside) & recorded.names_of(it) for it in _steps(call))]


def _steps(call: calls.Call) -> list[str]:
    """The names of what was called on the way to it: "etl[0]/load[3]" gives "etl" and "load"."""
    return [step.rpartition("[")[0] for step in call.path.split("/")]


class _Digests:
    """The digests of the recorded tasks' code as it is now."""

    def __init__(self, spec: rundir.RunSpec, source_sha: str, recorded: Recorded) -> None:
        self._spec, self._sha, self._recorded = spec, source_sha, recorded
        self._sources = SourceDigests(spec.project, roots_of(spec.project, spec.path), self._read)
        self._found: dict[tuple[str, str], str] = {}

    def now(self, call: calls.Call) -> str:
        """The recorded digest where nothing better can be told: of code that no file of the project holds."""
        key = (call.task, call.code)
        if key not in self._found:
            self._found[key] = self._now(call)
        return self._found[key]

    def reached(self, parameters: list[str], again: set[str]) -> set[str] | None:
        """`reach.reached`, of the flow file as it is now."""
        source = self._read(self._spec.path)
        return None if source is None else reached(source, self._spec.function, parameters, again)

    def foreign_functions(self) -> set[str]:
        """What the flow file imports by name from other files of the project, but for the tasks that were called."""
        roots = [Path(root) for root in roots_of(self._spec.project, self._spec.path)]
        tasks = set().union(*(self._recorded.names_of(task) for task, _ in self._recorded.codes))
        return {
            name
            for name, top in imports(self._read(self._spec.path) or "").items()
            if name not in tasks
            and (not top or any((it / top).is_dir() or (it / f"{top}.py").is_file() for it in roots))
        }

    def _now(self, call: calls.Call) -> str:
        code = self._recorded.codes.get((call.task, call.code))
        if code is None or not code.file or "<lambda>" in code.qualname:
            return call.code
        if not code.file.startswith(f"{self._spec.project.rstrip('/')}/"):
            return call.code
        digest = self._sources.digest(code.file, code.qualname)
        return f"{digest}-{code.version}" if digest and code.version else digest

    def _read(self, path: str) -> str | None:
        if path == self._spec.path and self._sha:
            path = str(Path(self._spec.project) / rundir.STATE_DIR / rundir.SOURCES / f"{self._sha}.py")
        try:
            from importlib.util import decode_source

            return decode_source(Path(path).read_bytes())
        except (OSError, SyntaxError, UnicodeDecodeError, LookupError):
            return None


def _is_there(project: str, call: calls.Call) -> bool:
    return not call.ref or result_files.place(project, call.ref).is_file()


def _differences(versions: dict[str, str]) -> str:
    """What of the packages is not installed as it was."""
    if not versions:
        return ""
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name, before in versions.items():
        try:
            now = sys.version.split()[0] if name == "python" else version(name)
        except PackageNotFoundError:  # it is installed under another name, or no more
            continue
        if now != before:
            found.append(f"{name} {before} → {now}")
    return ", ".join(found)


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m tui_flow.sdk.preview <run directory> <options as JSON>", file=sys.stderr)  # noqa: T201
        return EXIT_USAGE
    try:
        found = preview(Path(arguments[0]), json.loads(arguments[1]))
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return EXIT_STATE
    sys.stdout.write(json.dumps(found._asdict()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
