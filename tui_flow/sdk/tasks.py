"""`@task`, and what it makes of a function."""

# ruff: noqa: F811  (it knows overloads only from typing itself, see typing_light)

from __future__ import annotations

from tui_flow.sdk import definitions, options
from tui_flow.sdk.typing_light import Generic, ParamSpec, TypeVar, overload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
    from typing import Any, Concatenate, Literal, Unpack

    from tui_flow.sdk.assets import Asset
    from tui_flow.sdk.calls import WaitList
    from tui_flow.sdk.futures import PrefectFuture, PrefectFutureList
    from tui_flow.sdk.options import TaskOptions
    from tui_flow.sdk.states import State

P = ParamSpec("P")
M = ParamSpec("M")
R = TypeVar("R")
T = TypeVar("T")

_RESERVED = ("wait_for", "return_state")


class Task(Generic[P, R]):
    """A function as a task. Called in a flow, it makes a task run.

    Called outside of any flow it works as well: with retries, timeout, hooks and states, but nothing is recorded.
    Called in a thread of the author's own, it belongs to the flow that is running, if there is exactly one.
    """

    assets: tuple[Asset, ...] = ()
    """What it produces (`assets.MaterializingTask`)."""
    materialized_by: str | None = None

    def __init__(self, fn: Callable[P, R], **given: Unpack[TaskOptions]) -> None:
        """Raises TypeError or ValueError for options of the wrong kind, UnsupportedFeature for what does not work
        here, ReservedArgumentError for a function with a parameter `wait_for` or `return_state`."""
        chosen = self._options = options.task_options(dict(given))
        self.fn: Callable[P, R] = definitions.checked_function(fn, "task", _RESERVED)
        self.decorated = fn
        self.isasync = definitions.is_async_function(self.fn)
        self.isgenerator = definitions.is_generator_function(self.fn)
        self.name = definitions.name_of(self.fn, chosen["name"], "task")
        self.tags = frozenset(chosen["tags"] or ())
        self.version = chosen["version"]
        self.task_run_name = definitions.checked_run_name(chosen["task_run_name"], "task_run_name")
        self.timeout_seconds = definitions.checked_seconds(chosen["timeout_seconds"], "timeout_seconds")
        self.log_prints = chosen["log_prints"]
        self.asset_deps = chosen["asset_deps"]
        if self.asset_deps is not None:
            from tui_flow.sdk.assets import all_assets

            all_assets(self.asset_deps)
        self._set_results()
        self.viz_return_value = chosen["viz_return_value"]
        self._set_retries()
        self.on_completion_hooks = definitions.checked_hooks(chosen["on_completion"], "on_completion")
        self.on_failure_hooks = definitions.checked_hooks(chosen["on_failure"], "on_failure")
        self.on_running_hooks = definitions.checked_hooks(chosen["on_running"], "on_running")
        definitions.dress(self, self.fn)

    def _set_results(self) -> None:
        """Whether and where results are persisted. Naming how asks for it."""
        chosen = self._options
        self.cache_policy = definitions.checked_cache_policy(chosen["cache_policy"])
        self.cache_key_fn = definitions.checked_callable(chosen["cache_key_fn"], "cache_key_fn")
        self.cache_expiration = chosen["cache_expiration"]
        self.refresh_cache = chosen["refresh_cache"]
        self.result_storage = chosen["result_storage"]
        self.result_serializer = definitions.checked_serializer(chosen["result_serializer"])
        self.result_storage_key = chosen["result_storage_key"]
        self.cache_result_in_memory = bool(chosen["cache_result_in_memory"])
        caches = self.cache_policy not in (None, ...) and self.cache_policy.caches
        hows = (self.cache_key_fn, self.result_storage, self.result_serializer, self.result_storage_key)
        self.persist_result = chosen["persist_result"]
        if self.persist_result is None and (caches or any(how is not None for how in hows)):
            self.persist_result = True
        elif self.persist_result is False and caches:
            definitions.warn(
                f"Ignoring `cache_policy` of task {self.name!r} because `persist_result` is False"
            )
        self.on_commit_hooks = definitions.checked_hooks(chosen["on_commit"], "on_commit")
        self.on_rollback_hooks = definitions.checked_hooks(chosen["on_rollback"], "on_rollback")
        self.is_transactional = bool(self.persist_result or self.on_commit_hooks or self.on_rollback_hooks)

    def _set_retries(self) -> None:
        chosen = self._options
        retries, delays = definitions.retry_options("TASKS", chosen["retries"], chosen["retry_delay_seconds"])
        self.retries = definitions.checked_retries(retries)
        self.retry_delay_seconds = delays
        self.retry_delays: float | list[float] = 0.0
        if self.retry_delay_seconds is not None:
            from tui_flow.sdk.retries import checked_delays

            self.retry_delays = checked_delays(self.retry_delay_seconds, self.retries)
        self.retry_jitter_factor = chosen["retry_jitter_factor"]
        if self.retry_jitter_factor is not None and self.retry_jitter_factor < 0:
            raise ValueError("`retry_jitter_factor` must be >= 0.")
        self.retry_condition_fn = chosen["retry_condition_fn"]
        if self.retry_condition_fn is not None and not callable(self.retry_condition_fn):
            raise TypeError(
                f"Expected `retry_condition_fn` to be callable, got {type(self.retry_condition_fn).__name__} instead."
            )

    @property
    def task_key(self) -> str:
        """The function's name, and a digest of the name of its file: the same in every process."""
        from tui_flow.sdk.hashing import stable_hash

        code = getattr(self.fn, "__code__", None)
        file = code.co_filename if code else self.fn.__module__
        name = getattr(self.fn, "__qualname__", self.name)
        return f"{name}-{stable_hash(file.rpartition('/')[2])[:8]}"

    @property
    def description(self) -> str:
        """What the author says, or the docstring."""
        return definitions.description_of(self.fn, self._options["description"])

    def with_options(self, **changes: Unpack[TaskOptions]) -> Task[P, R]:
        """The same function as a task with other options. Hooks that were added with decorators stay."""
        return Task(self.decorated, **definitions.changed_options(self, changes))

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    @overload
    def __call__(
        self: Task[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[True],
        wait_for: WaitList = None,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, State[T]]: ...

    @overload
    def __call__(
        self,
        *args: Any,
        return_state: Literal[True],
        wait_for: WaitList = None,
        **kwargs: Any,
    ) -> State[R]: ...

    @overload
    def __call__(
        self,
        *args: Any,
        wait_for: WaitList,
        return_state: Literal[False] = False,
        **kwargs: Any,
    ) -> R: ...

    def __call__(
        self,
        *args: Any,
        return_state: Any = False,
        wait_for: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Runs the task here and now, and gives what it returns, or with `return_state` its final state.

        Futures in the arguments, and in `wait_for`, are waited for; results take their place. Raises what the task
        raised, ParameterBindError for arguments that do not fit, UpstreamTaskError if something upstream failed.
        """
        from tui_flow.sdk.calls import call_task

        return call_task(self, args, kwargs, wait_for, return_state)

    @overload
    def submit(
        self: Task[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[False] = False,
        wait_for: WaitList = None,
        **kwargs: Any,
    ) -> PrefectFuture[T]: ...

    @overload
    def submit(
        self: Task[P, Generator[T, Any, Any]],
        *args: Any,
        return_state: Literal[False] = False,
        wait_for: WaitList = None,
        **kwargs: Any,
    ) -> PrefectFuture[list[T]]: ...

    @overload
    def submit(
        self: Task[P, AsyncGenerator[T, Any]],
        *args: Any,
        return_state: Literal[False] = False,
        wait_for: WaitList = None,
        **kwargs: Any,
    ) -> PrefectFuture[list[T]]: ...

    @overload
    def submit(
        self,
        *args: Any,
        return_state: Literal[False] = False,
        wait_for: WaitList = None,
        **kwargs: Any,
    ) -> PrefectFuture[R]: ...

    @overload
    def submit(
        self: Task[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[True],
        wait_for: WaitList = None,
        **kwargs: Any,
    ) -> State[T]: ...

    @overload
    def submit(
        self: Task[P, Generator[T, Any, Any]],
        *args: Any,
        return_state: Literal[True],
        wait_for: WaitList = None,
        **kwargs: Any,
    ) -> State[list[T]]: ...

    @overload
    def submit(
        self: Task[P, AsyncGenerator[T, Any]],
        *args: Any,
        return_state: Literal[True],
        wait_for: WaitList = None,
        **kwargs: Any,
    ) -> State[list[T]]: ...

    @overload
    def submit(
        self,
        *args: Any,
        return_state: Literal[True],
        wait_for: WaitList = None,
        **kwargs: Any,
    ) -> State[R]: ...

    def submit(
        self,
        *args: Any,
        return_state: bool = False,
        wait_for: WaitList = None,
        **kwargs: Any,
    ) -> Any:
        """Hands the task to the flow's task runner, and gives a future at once (also of an async task).

        It begins when the futures in its arguments and in `wait_for` are done. With `return_state` waits for the end.
        """
        from tui_flow.sdk.calls import submit_task

        future = submit_task(self, args, kwargs, wait_for)
        if not return_state:
            return future
        future.wait()
        return future.state

    @overload
    def map(
        self: Task[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[False] = False,
        wait_for: WaitList = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> PrefectFutureList[T]: ...

    @overload
    def map(
        self: Task[P, Generator[T, Any, Any]],
        *args: Any,
        return_state: Literal[False] = False,
        wait_for: WaitList = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> PrefectFutureList[list[T]]: ...

    @overload
    def map(
        self: Task[P, AsyncGenerator[T, Any]],
        *args: Any,
        return_state: Literal[False] = False,
        wait_for: WaitList = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> PrefectFutureList[list[T]]: ...

    @overload
    def map(
        self,
        *args: Any,
        return_state: Literal[False] = False,
        wait_for: WaitList = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> PrefectFutureList[R]: ...

    @overload
    def map(
        self: Task[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[True],
        wait_for: WaitList = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> list[State[T]]: ...

    @overload
    def map(
        self: Task[P, Generator[T, Any, Any]],
        *args: Any,
        return_state: Literal[True],
        wait_for: WaitList = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> list[State[list[T]]]: ...

    @overload
    def map(
        self: Task[P, AsyncGenerator[T, Any]],
        *args: Any,
        return_state: Literal[True],
        wait_for: WaitList = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> list[State[list[T]]]: ...

    @overload
    def map(
        self,
        *args: Any,
        return_state: Literal[True],
        wait_for: WaitList = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> list[State[R]]: ...

    def map(
        self,
        *args: Any,
        return_state: bool = False,
        wait_for: WaitList = None,
        deferred: bool = False,  # noqa: ARG002  (Prefect's, for its background tasks)
        **kwargs: Any,
    ) -> Any:
        """Submits the task once for each item of its iterable arguments, which must be of one length; what is not
        iterable, or `unmapped`, goes to every run. A future is waited for, and its result mapped over.

        Raises MappingMissingIterable and MappingLengthMismatch.
        """
        from tui_flow.sdk.mapping import map_task

        futures = map_task(self, args, kwargs, wait_for)
        if not return_state:
            return futures
        futures.wait()
        return [future.state for future in futures]

    def on_completion(self, hook: Callable[..., T]) -> Callable[..., T]:
        """Decorates a hook that is called when a run of the task completed."""
        self.on_completion_hooks += definitions.checked_hooks([hook], "on_completion")
        return hook

    def on_failure(self, hook: Callable[..., T]) -> Callable[..., T]:
        """Decorates a hook that is called when a run of the task failed and has no try left."""
        self.on_failure_hooks += definitions.checked_hooks([hook], "on_failure")
        return hook

    def on_running(self, hook: Callable[..., T]) -> Callable[..., T]:
        """Decorates a hook that is called when a run of the task begins."""
        self.on_running_hooks += definitions.checked_hooks([hook], "on_running")
        return hook

    def on_commit(self, hook: Callable[..., T]) -> Callable[..., T]:
        """Decorates a function of the transaction that is called when it commits: at the end of the task run, or of
        the `with transaction()` around it."""
        self.on_commit_hooks += definitions.checked_hooks([hook], "on_commit")
        self.is_transactional = True
        return hook

    def on_rollback(self, hook: Callable[..., T]) -> Callable[..., T]:
        """Decorates a function of the transaction that undoes what the task did. It is called where the task completed
        and the `with transaction()` around it fails."""
        self.on_rollback_hooks += definitions.checked_hooks([hook], "on_rollback")
        self.is_transactional = True
        return hook

    @overload
    def __get__(self, instance: None, owner: object = None) -> Task[P, R]: ...

    @overload
    def __get__(self: Task[Concatenate[Any, M], T], instance: object, owner: object = None) -> Task[M, T]: ...

    def __get__(self, instance: object, owner: object = None) -> Any:
        """Makes a task in a class a method."""
        return definitions.bound(self, instance, owner)

    def __getattr__(self, name: str) -> Any:
        from tui_flow.sdk.unsupported import absent_method

        return absent_method("Task", name)

    def __repr__(self) -> str:
        return f"<task {self.name!r}>"


@overload
def task(fn: Callable[P, R], /) -> Task[P, R]: ...


@overload
def task(fn: None = None, /, **given: Unpack[TaskOptions]) -> Callable[[Callable[P, R]], Task[P, R]]: ...


def task(fn: Any = None, /, **given: Any) -> Any:
    """Makes a function a task: `@task`, or with options `@task(retries=3, retry_delay_seconds=10)`."""
    if fn is None:
        options.task_options(given)
        return lambda function: Task(function, **given)
    return Task(fn, **given)
