"""What goes between the process of a flow and those of its process pool: pickled, over a pipe that is theirs alone."""

import os
import pickle
import sys
from functools import cache
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_flow import prefect_alias
from tui_flow.contract.failure import Failure
from tui_flow.contract.rundir import ENV_COOKIE
from tui_flow.sdk import flow_file, logging, stand_ins, streams
from tui_flow.sdk.context import current_tags
from tui_flow.sdk.exceptions import PrefectException, SerializationError
from tui_flow.sdk.failures import TOLD_ELSEWHERE, describe, failure_of
from tui_flow.sdk.masking import masker
from tui_flow.sdk.readable import readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui_flow.sdk.effects import Call
    from tui_flow.sdk.runs import FlowRun, TaskRun
    from tui_flow.sdk.tasks import Task


class Setup(NamedTuple):
    """What a process has to know before its first job."""

    argv: list[str]
    has_alias: bool
    """Whether `import prefect` is ours."""
    imports_prefect: bool
    """Whether it was imported: then loggers have its name."""
    initializer: bytes
    """A function and its arguments, of the author's; empty for none."""
    cookie: str
    """Of the run, where its keeper is told which task prints; empty where nobody is."""


class Job(NamedTuple):
    """The call of one body. `task` and `around` are sent once, and named by their key from then on."""

    task_key: int
    task: bytes | None
    around_key: tuple[int, int]
    around: bytes | None
    """The flow run that it belongs to, as a dict (see `_around`)."""
    arguments: bytes
    """Positional ones and those by keyword."""
    facts: dict[str, Any]
    """What the task run is, by its attributes."""
    tags: frozenset[str]
    """Those of the code that submitted it."""
    seconds: float | None
    console: bool
    secrets: frozenset[bytes]
    """What the process of the flow hides."""


class Answer(NamedTuple):
    """How a job ended."""

    kind: str
    """ "done" (its value), "raised" (its exception) or "expired"."""
    value: bytes = b""
    failure: Failure | None = None
    is_reusable: bool = True
    """Whether the process can take another job: no thread of this one is still at work in it."""
    secrets: frozenset[bytes] = frozenset()
    """What the process hides by now."""


class RemoteError(PrefectException):
    """Stands for an exception that cannot be pickled: its class and message as text."""


class _Elsewhere(Exception):
    """The cause of an exception that came from another process: what its traceback was there."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class Parcels:
    """Packs the jobs of one runner: every task and flow run is pickled once."""

    def __init__(self) -> None:
        self._packed: dict[Any, tuple[Any, bytes]] = {}
        """With the thing itself, so that no other can get its `id()`."""

    def job(self, call: "Call", known: set[Any]) -> bytes:
        """The job of a call, for a process that knows these keys; it knows more from then on.

        Raises SerializationError, which names what cannot be sent.
        """
        run: TaskRun = call.run  # type: ignore[assignment]
        task_key, around_key = id(run.task), (id(run.flow_run), run.flow_run.run_count)
        job = Job(
            task_key,
            self._once(task_key, run.task, known, lambda: dumps(_bare(run.task), f"task {run.task.name!r}")),
            around_key,
            self._once(around_key, run.flow_run, known, lambda: _around(run.flow_run)),
            dumps((call.args, call.kwargs), f"the arguments of task run {run.name!r}"),
            stand_ins.facts_of(run),
            current_tags.get(),
            call.seconds,
            logging.is_on_console(),
            masker.pieces,
        )
        return pickle.dumps(job)

    def _once(self, key: Any, thing: Any, known: set[Any], pack: "Callable[[], bytes]") -> bytes | None:
        if key in known:
            return None
        if key not in self._packed:
            self._packed[key] = thing, pack()
        known.add(key)
        return self._packed[key][1]


def _bare(task: "Task[Any, Any]") -> "Task[Any, Any]":
    """The task without what happens around its body, which stays in the process of the flow."""
    import copy

    bare = copy.copy(task)
    bare._options = {"description": task._options["description"]}
    bare.on_completion_hooks, bare.on_failure_hooks, bare.on_running_hooks = [], [], []
    bare.retry_condition_fn = bare.task_run_name = None
    return bare


def _around(run: "FlowRun") -> bytes:
    facts = {
        "tree": stand_ins.facts_of_tree(run.tree),
        "directory": run.tree.recorder.directory,
        "flow": stand_ins.facts_of_flow(run),
        "facts": stand_ins.facts_of(run),
    }
    try:
        return dumps({**facts, "parameters": run.parameters}, "the flow's parameters")
    except SerializationError:
        return dumps({**facts, "parameters": readable(run.parameters)}, "the flow's parameters")


def setup_of(initializer: "Callable[..., None] | None", arguments: tuple[Any, ...]) -> bytes:
    """Raises SerializationError for an initializer that cannot be sent."""
    packed = dumps((initializer, arguments), "the initializer") if initializer else b""
    cookie = os.environ.get(ENV_COOKIE, "") if streams.tells_who() else ""
    return pickle.dumps(
        Setup(list(sys.argv), prefect_alias.Finder in sys.meta_path, "prefect" in sys.modules, packed, cookie)
    )


def dumps(value: Any, what: str) -> bytes:
    """The value as bytes, with the code of the flow file in it where it needs that. Raises SerializationError."""
    import cloudpickle  # type: ignore[import-untyped]

    module = flow_file.loaded
    if module is not None and sys.modules.get(module.__name__) is module:
        cloudpickle.register_pickle_by_value(module)
    try:
        return _dumps(value)
    except Exception as error:
        raise SerializationError(f"{what} cannot be sent to another process: {describe(error)}") from None


def _dumps(value: Any) -> bytes:
    import io

    file = io.BytesIO()
    _pickler()(file).dump(value)
    return file.getvalue()


@cache
def _pickler() -> Any:
    """cloudpickle's, but code keeps its file, so that tracebacks lead there."""
    from collections import ChainMap

    import cloudpickle

    table = ChainMap({CodeType: _reduced_code}, cloudpickle.Pickler.dispatch_table)
    return type("Pickler", (cloudpickle.Pickler,), {"dispatch_table": table})


def _reduced_code(code: CodeType) -> tuple[Any, ...]:
    import cloudpickle

    _, fields = cloudpickle.Pickler.dispatch_table[CodeType](code)
    return _made_code, (fields, code.co_filename)


def _made_code(fields: tuple[Any, ...], filename: str) -> CodeType:
    return CodeType(*fields).replace(co_filename=filename)


def packed_exception(error: BaseException, project: str) -> tuple[bytes, Failure]:
    """The exception, or where it does not survive the journey a RemoteError in its place, and its failure as text."""
    failure = failure_of(error, project)
    error.__traceback__ = None
    for form in (error, _Rebuilt(error)):
        try:
            packed = dumps(form, "the exception")
            pickle.loads(packed)  # noqa: S301  (our own, a moment ago)
        except Exception:  # noqa: S112  (what its class does is the author's)
            continue
        return packed, failure
    return dumps(RemoteError(describe(error)), "the exception"), failure


class _Rebuilt:
    """An exception whose class wants other arguments than it keeps: it is made anew without being initialised."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self._error), self._error.args, self._error.__dict__)


def _rebuild(cls: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]) -> BaseException:
    error = cls.__new__(cls, *args)
    error.__dict__.update(attributes)
    return error


def unpacked_exception(packed: bytes, failure: Failure) -> BaseException:
    """The exception, which tells its traceback in the other process as its cause."""
    error: BaseException = pickle.loads(packed)  # noqa: S301  (a process of this run made it)
    if isinstance(error, Exception):
        error.__cause__ = _Elsewhere(failure.traceback)
        setattr(error, TOLD_ELSEWHERE, failure)
    return error
