"""What a run remembers of its task calls, and what a later attempt makes of that.

Every task call that comes to its end is told to `calls`, with its result if it completed, before the journal calls it
completed. An attempt that has earlier ones to build on reads where those lines are, and gives the result again for a
call at the same place, with equal arguments and equal code.
"""

import base64
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_flow.contract import calls
from tui_flow.contract.left_out import DONE_BEFORE, matches
from tui_flow.contract.rundir import CALLS, RunSpec
from tui_flow.contract.states import TaskRunState
from tui_flow.counting import counted
from tui_flow.sdk import argument_digest, result_files
from tui_flow.sdk.argument_digest import Undigestible
from tui_flow.sdk.code_digest import code_digest_of, home_of
from tui_flow.sdk.exceptions import RerunDiverged
from tui_flow.sdk.logging import logger_of
from tui_flow.sdk.masking import masker
from tui_flow.sdk.states import COMPLETED, JOURNAL_TASK_STATES, State

if TYPE_CHECKING:
    from tui_flow.sdk.runs import FlowRun, RunTree, TaskRun
    from tui_flow.sdk.tasks import Task

REUSED = "Reused"
"""The name of the state of a call that was not made again."""
SLOW_SECONDS = 0.01
GIVE_UP_SECONDS, GIVE_UP_SHARE = 5.0, 0.2
"""A task is given up once digesting its arguments took so long, and this part of the run's time."""
_NOTHING_KEPT = ("", "", "")


class Mark(NamedTuple):
    """A call that is about to be made."""

    args: str
    """Empty where the arguments have no digest."""
    code: str
    touches_files: bool
    may_change: bool
    """Whether the call could change what it is given."""


class Success(NamedTuple):
    """A call of an earlier attempt that completed and whose result was kept."""

    args: str
    after: str
    code: str
    form: str
    ref: str
    place: calls.Place
    attempt: int


class CallBook:
    """The calls of one flow run: those of earlier attempts, and those of this one as they end."""

    def __init__(self, tree: "RunTree", directory: Path, spec: RunSpec | None) -> None:
        """`spec` is that of the attempt; None for a run that can have no earlier one."""
        self._tree, self._path = tree, directory / CALLS
        self._attempt = spec.attempt if spec else 1
        self._codes: dict[tuple[int, str | None], tuple[Any, str]] = {}
        """By `id()` of the code, which is held on to, and the task's version."""
        self._told: set[str] = set()
        self._changing: set[str] = set()
        """Tasks of which it was said that they change their arguments."""
        self._lock = threading.Lock()
        self._earlier: dict[str, list[Success]] = {}
        self._unmet: dict[str, None] = {}
        self._paths: dict[tuple[str, str, str], str] | None = None
        """Where a call of a task with these arguments and this code was made."""
        self._is_past_from = False
        self._rerun_from = frozenset(spec.rerun_from if spec else ())
        self._rerun_only = spec.rerun_only if spec else []
        self._around_only: set[str] = set()
        """The places of calls in which tasks of `rerun_only` were called: reused, they would not call them."""
        self._asked_attempt = spec.asked_attempt if spec else 1
        self._ignores_code = spec is not None and spec.reuse == "succeeded"
        self._takes_any = spec is not None and spec.reuse == "any"
        self._is_strict = spec is not None and spec.is_strict
        tree.reuses_nothing = spec is not None and spec.reuse == "nothing"
        self.reused = 0
        self._has_environment = False
        self._began = time.monotonic()
        self._slow: dict[str, float] = {}
        self._too_slow: set[str] = set()
        self._fd = -1
        if spec is not None and spec.attempt > 1:
            self._read(since=self._asked_attempt if spec.reuse == "nothing" else 1)
        self.may_reuse = bool(self._earlier)
        """Whether a call may turn out not to be needed."""

    def mark(self, run: "TaskRun") -> Mark:
        """The digests of a call whose arguments are known now."""
        before = argument_digest.files_looked_at
        task = run.task
        if task.name in self._too_slow:
            return Mark("", "", False, False)
        began = time.monotonic()
        may_change = False
        try:
            captured = argument_digest.captured(task.fn)
            may_change = argument_digest.may_change(run.args, run.kwargs, captured)
            args = argument_digest.digest(run.args, run.kwargs, captured)
        except (Undigestible, RecursionError):
            args = ""
        except Exception as error:  # the author's own code may raise anything here
            logger_of(run).debug("The arguments have no digest: %s: %s", type(error).__name__, error)
            args = ""
        if (spent := time.monotonic() - began) > SLOW_SECONDS:
            self._count_slow(run, spent)
        held = getattr(task.fn, "__code__", task.fn)
        code = self._codes.get((id(held), task.version))
        if code is None:
            code = self._codes[(id(held), task.version)] = (held, self._code_of(task))
        return Mark(args, code[1], argument_digest.files_looked_at != before, may_change)

    def _count_slow(self, run: "TaskRun", spent: float) -> None:
        """Gives a task up whose arguments take too much of the run's time: it is not reused, which is no harm."""
        name = run.task.name
        whole = self._slow[name] = self._slow.get(name, 0.0) + spent
        if whole > GIVE_UP_SECONDS and whole > GIVE_UP_SHARE * (time.monotonic() - self._began):
            self._too_slow.add(name)
            logger_of(run).warning(
                "The arguments of %r took %.1f s to digest so far: from here on its calls are not kept for a rerun",
                name,
                whole,
            )

    def find(self, run: "TaskRun", mark: Mark) -> State[Any] | None:
        """The state that stands for a call which need not be made again, or None. Raises RerunDiverged in a strict
        rerun."""
        if run.task.name in self._rerun_from:
            self._is_past_from = True
        earlier = self._earlier.get(run.call_path)
        self._unmet.pop(run.call_path, None)
        if not self.may_reuse or not (mark.args or self._takes_any):
            return None
        is_asked = self._is_past_from or self.asks_for(run)
        for success in reversed(earlier or ()):
            if not (is_asked and success.attempt < self._asked_attempt) and self._stands(success, mark):
                return self._state_of(run, success)
        self._look_elsewhere(run, mark)
        return None

    def asks_for(self, run: "TaskRun") -> bool:
        """Whether the call is to be made in an attempt that makes only some."""
        return bool(self._rerun_only) and (
            run.call_path in self._around_only or matches(run.task.name, self._rerun_only)
        )

    def _stands(self, success: Success, mark: Mark) -> bool:
        """Whether what a call gave, stands for this one at the same place."""
        if self._takes_any:
            return True
        is_same = mark.args in (success.args, success.after)
        return is_same and (self._ignores_code or mark.code == success.code)

    def keep(self, run: "TaskRun", mark: Mark, state: State[Any]) -> None:
        """Tells of a call that has ended, with its result. Never raises: a result that cannot be kept is not."""
        after = self._args_after(run, mark)
        form, ref, value = _NOTHING_KEPT
        if after and not mark.touches_files:
            self._tell_of_change(run)
        elif state.type is COMPLETED and run.task.persist_result is not False and mark.args and mark.code:
            form, ref, value = self._packed(run, state)
        call = calls.Call(
            run.call_path, run.task.name, run.number, self._attempt, JOURNAL_TASK_STATES[state.type],
            mark.args, after, mark.code, form, ref,
        )  # fmt: skip
        self._tree.recorder.keep(calls.encode(call, value))

    def _args_after(self, run: "TaskRun", mark: Mark) -> str:
        """The arguments' digest now that the call is over; nothing where it is the same."""
        if not mark.args or not (mark.touches_files or mark.may_change):
            return ""
        after = self.mark(run).args
        return "" if after == mark.args else after or "unknown"

    def _tell_of_change(self, run: "TaskRun") -> None:
        """What a call did to its arguments, its kept result would not do again."""
        if run.task.name in self._changing:
            return
        self._changing.add(run.task.name)
        logger_of(run).info(
            "%r changes what it is given, in place: its calls are not kept for a rerun", run.task.name
        )

    def forget(self, run: "TaskRun") -> None:
        """What the call did was undone: a later attempt makes it again."""
        call = calls.Call(
            run.call_path, run.task.name, run.number, self._attempt, TaskRunState.FAILED, "", "", "", "", ""
        )
        self._tree.recorder.keep(calls.encode(call))

    def finish(self, run: "FlowRun", completed: bool) -> None:
        """The flow's body is over: says what was not called again. Raises RerunDiverged in a strict rerun."""
        if self.reused:
            many = counted(self.reused, "task call")
            logger_of(run).info("Reused the results of %s of earlier attempts", many)
        if not completed or not self._unmet or self._is_past_from:
            return
        some = ", ".join(list(self._unmet)[:5]) + (" …" if len(self._unmet) > 5 else "")
        message = f"{len(self._unmet)} task calls of earlier attempts did not come again: {some}"
        if self._is_strict:
            raise RerunDiverged(message)
        logger_of(run).warning("%s", message)

    def _look_elsewhere(self, run: "TaskRun", mark: Mark) -> None:
        """Says so where the same call was made at another place: then the flow takes another way than before."""
        if run.task.name in self._told or self._is_past_from:
            return
        if self._paths is None:
            self._paths = {
                (_task_in(path), one.args, one.code): path
                for path, found in self._earlier.items()
                for one in found
            }
        same = self._paths.get((run.task.name, mark.args, mark.code))
        if same is None or same not in self._unmet:
            return
        self._told.add(run.task.name)
        message = (
            f"{run.call_path} is called with the arguments that {same} had: the order of calls is another one"
        )
        if self._is_strict:
            raise RerunDiverged(message)
        logger_of(run).warning("%s", message)

    def _state_of(self, run: "TaskRun", success: Success) -> State[Any] | None:
        """A completed state with the kept result; None, and a word in the log, where it cannot be read."""
        try:
            value = self._load(success)
        except Exception as error:
            logger_of(run).warning(
                "Its kept result cannot be read (%s: %s), so it runs again", type(error).__name__, error
            )
            return None
        self.reused += 1
        is_rerun = success.attempt < self._asked_attempt
        return State(
            COMPLETED, REUSED, DONE_BEFORE if is_rerun else "The run had this result already.", value
        )

    def _load(self, success: Success) -> Any:
        if success.ref:
            data = result_files.load(self._tree.project, success.ref)
            if data is None:
                raise ValueError(f"results/sha256/{success.ref} is missing or damaged")
            return result_files.unpacked(success.form, data)
        if self._fd < 0:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        found = calls.decode(os.pread(self._fd, success.place.length, success.place.offset))
        if found is None:
            raise ValueError("its line is damaged")
        value = json.loads(found[1])
        return value if success.form == "json" else result_files.unpacked("pickle", base64.b64decode(value))

    def _packed(self, run: "TaskRun", state: State[Any]) -> tuple[str, str, str]:
        """The form, the reference and the text of a result; nothing of one that holds a secret."""
        try:
            form, data = result_files.packed(state.data)
            if masker.finds_in(data):
                return _NOTHING_KEPT
            if len(data) > result_files.WARN_BYTES:
                logger_of(run).warning("Its result takes %d MB in the state directory", len(data) // 10**6)
            if len(data) > result_files.MAX_INLINE:
                return form, result_files.store(self._tree.project, data), ""
        except Exception as error:  # the author's classes may raise anything when they are pickled
            logger_of(run).debug("Its result is not kept: %s: %s", type(error).__name__, error)
            return _NOTHING_KEPT
        return form, "", data.decode() if form == "json" else f'"{base64.b64encode(data).decode()}"'

    def _code_of(self, task: "Task[Any, Any]") -> str:
        """The digest of a task's code, told once for each function."""
        digest = code_digest_of(task.fn)
        if digest and task.version is not None:
            digest = f"{digest}-{task.version}"
        file, qualname = home_of(task.fn)
        with self._lock:
            if not self._has_environment:
                self._has_environment = True
                self._tree.recorder.keep(calls.encode(calls.Environment(self._attempt, _versions())))
        told = calls.Code(task.name, file, qualname, str(task.version or ""), digest, self._attempt)
        self._tree.recorder.keep(calls.encode(told))
        return digest

    def _read(self, since: int) -> None:
        """Where the results of earlier attempts are, from one on; not the results."""
        for entry, place in calls.read(self._path):
            if self._rerun_only and isinstance(entry, calls.Call) and matches(entry.task, self._rerun_only):
                self._around_only.update(calls.around(entry.path))
            if isinstance(entry, calls.Call) and entry.state != TaskRunState.COMPLETED and not entry.args:
                self._earlier.pop(entry.path, None)  # undone, or never to be known again
            if isinstance(entry, calls.Call) and entry.state == TaskRunState.COMPLETED and entry.form:
                _, _, _, attempt, _, args, after, code, form, ref = entry
                if attempt < since:
                    continue
                success = Success(args, after, sys.intern(code), sys.intern(form), ref, place, attempt)
                self._earlier.setdefault(entry.path, []).append(success)
        self._unmet = dict.fromkeys(self._earlier)


def _task_in(path: str) -> str:
    """The name of the task in a call's path."""
    return path.rpartition("/")[2].rpartition("[")[0]


def _versions() -> dict[str, str]:
    """Of Python, and of the imported packages that tell theirs."""
    found = {"python": sys.version.split()[0]}
    for name, module in list(sys.modules.items()):
        version = module.__dict__.get("__version__") if "." not in name and module is not None else None
        if isinstance(version, str) and "site-packages" in str(getattr(module, "__file__", "")):
            found[name] = version
    return found
