"""`@flow`, and what it makes of a function."""

# ruff: noqa: F811  (it knows overloads only from typing itself, see typing_light)

from __future__ import annotations

from tui_flow.sdk import definitions, options
from tui_flow.sdk.typing_light import Generic, ParamSpec, TypeVar, overload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Concatenate, Literal, Unpack

    from tui_flow.sdk.calls import WaitList
    from tui_flow.sdk.options import FlowOptions, ServeOptions
    from tui_flow.sdk.schedules import Schedule
    from tui_flow.sdk.served_flow import RunnerDeployment
    from tui_flow.sdk.states import State, StateType

P = ParamSpec("P")
M = ParamSpec("M")
R = TypeVar("R")
T = TypeVar("T")

_RESERVED = ("wait_for", "return_state")


class Flow(Generic[P, R]):
    """A function as a flow. Called in a flow, it makes a nested flow run; called elsewhere, a run of its own with its
    own run directory, which is in the history as any other."""

    retry_jitter_factor: float | None = None

    def __init__(self, fn: Callable[P, R], **given: Unpack[FlowOptions]) -> None:
        """Raises TypeError or ValueError for options of the wrong kind, UnsupportedFeature for what does not work
        here, ReservedArgumentError for a function with a parameter `wait_for` or `return_state`."""
        chosen = self._options = options.flow_options(dict(given))
        self.fn: Callable[P, R] = definitions.checked_function(fn, "flow", _RESERVED)
        self.decorated = fn
        self.isasync = definitions.is_async_function(self.fn)
        self.isgenerator = definitions.is_generator_function(self.fn)
        self.name = definitions.name_of(self.fn, chosen["name"], "flow")
        if chosen["name"] is None:
            self.name = self.name.replace("_", "-")
        self.tags = frozenset(chosen["tags"] or ())
        self.version = chosen["version"]
        self.flow_run_name = definitions.checked_run_name(chosen["flow_run_name"], "flow_run_name")
        self.timeout_seconds = definitions.checked_seconds(chosen["timeout_seconds"], "timeout_seconds")
        self.should_validate = bool(chosen["validate_parameters"])
        self.log_prints = chosen["log_prints"]
        self.persist_result = chosen["persist_result"]
        self.result_storage = chosen["result_storage"]
        self.result_serializer = definitions.checked_serializer(chosen["result_serializer"])
        self.cache_result_in_memory = bool(chosen["cache_result_in_memory"])
        if self.persist_result is None and (self.result_storage or self.result_serializer):
            self.persist_result = True
        retries, delay = definitions.retry_options("FLOWS", chosen["retries"], chosen["retry_delay_seconds"])
        self.retries = definitions.checked_retries(retries)
        self.retry_delay_seconds = delay
        self.retry_delays = (
            definitions.checked_seconds(self.retry_delay_seconds, "retry_delay_seconds") or 0.0
        )
        self.task_runner = _checked_runner(chosen["task_runner"])
        self.on_running_hooks = definitions.checked_hooks(chosen["on_running"], "on_running")
        self.on_completion_hooks = definitions.checked_hooks(chosen["on_completion"], "on_completion")
        self.on_failure_hooks = definitions.checked_hooks(chosen["on_failure"], "on_failure")
        self.on_cancellation_hooks = definitions.checked_hooks(chosen["on_cancellation"], "on_cancellation")
        self.on_crashed_hooks = definitions.checked_hooks(chosen["on_crashed"], "on_crashed")
        count = definitions.checked_count
        self.max_concurrent_runs = count(chosen["max_concurrent_runs"], "max_concurrent_runs")
        self.pause_on_failure = count(chosen["pause_on_failure"], "pause_on_failure")
        self.exclusive = bool(chosen["exclusive"])
        self.priority = definitions.checked_priority(chosen["priority"])
        self.on_crash: str = definitions.checked_word(chosen["on_crash"], "on_crash", ("fail", "retry"))
        self.schedules = _checked_schedules(chosen["schedule"], chosen["schedules"])
        """A variant has the very list of the flow that it was made from, unless it was given others."""
        definitions.dress(self, self.fn)

    @property
    def description(self) -> str:
        """What the author says, or the docstring."""
        return definitions.description_of(self.fn, self._options["description"])

    @property
    def should_validate_parameters(self) -> bool:
        return self.should_validate

    @property
    def parameters(self) -> dict[str, Any]:
        """`parameter_schema()`."""
        return self.parameter_schema()

    def hooks_for(self, type: StateType) -> list[Callable[..., Any]]:
        """The hooks for an end in this state."""
        return {
            "COMPLETED": self.on_completion_hooks,
            "FAILED": self.on_failure_hooks,
            "CANCELLED": self.on_cancellation_hooks,
            "CRASHED": self.on_crashed_hooks,
        }.get(type.value, [])

    def with_options(self, **changes: Unpack[FlowOptions]) -> Flow[P, R]:
        """The same function as a flow with other options. Hooks that were added with decorators stay."""
        variant: Flow[P, R] = Flow(self.decorated, **definitions.changed_options(self, changes))
        if not changes.keys() & {"schedule", "schedules"}:
            variant.schedules = self.schedules
        return variant

    def parameter_schema(self) -> dict[str, Any]:
        """The JSON schema of an object with the flow's parameters; one without a type where a type has no schema."""
        from tui_flow.sdk.params import schema

        return schema(self.fn)

    def validate_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters, coerced to the declared types. Raises ParameterTypeError and ParameterBindError."""
        from tui_flow.sdk import params

        return params.validated(self.fn, params.bind(self.fn, (), parameters))

    def serialize_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters as JSON can hold them."""
        from tui_flow.sdk.readable import as_json

        return {name: as_json(value) for name, value in parameters.items()}

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    @overload
    def __call__(
        self: Flow[P, Coroutine[Any, Any, T]],
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
        """Runs the flow, and gives what it returns, or with `return_state` its final state.

        Raises what the flow raised, FailedRun if it returned a failed state, ParameterBindError and
        ParameterTypeError for parameters that do not fit.
        """
        from tui_flow.sdk.calls import call_flow

        return call_flow(self, args, kwargs, wait_for, return_state)

    def on_completion(self, hook: Callable[..., T]) -> Callable[..., T]:
        """Decorates a hook that is called when a run of the flow completed."""
        self.on_completion_hooks += definitions.checked_hooks([hook], "on_completion")
        return hook

    def on_failure(self, hook: Callable[..., T]) -> Callable[..., T]:
        """Decorates a hook that is called when a run of the flow failed."""
        self.on_failure_hooks += definitions.checked_hooks([hook], "on_failure")
        return hook

    def on_cancellation(self, hook: Callable[..., T]) -> Callable[..., T]:
        """Decorates a hook that is called when a run of the flow is cancelled."""
        self.on_cancellation_hooks += definitions.checked_hooks([hook], "on_cancellation")
        return hook

    def on_crashed(self, hook: Callable[..., T]) -> Callable[..., T]:
        """Decorates a hook that is called when a run of the flow crashed, as far as it can still call anything."""
        self.on_crashed_hooks += definitions.checked_hooks([hook], "on_crashed")
        return hook

    def on_running(self, hook: Callable[..., T]) -> Callable[..., T]:
        """Decorates a hook that is called when a run of the flow begins."""
        self.on_running_hooks += definitions.checked_hooks([hook], "on_running")
        return hook

    @overload
    def __get__(self, instance: None, owner: object = None) -> Flow[P, R]: ...

    @overload
    def __get__(self: Flow[Concatenate[Any, M], T], instance: object, owner: object = None) -> Flow[M, T]: ...

    def __get__(self, instance: object, owner: object = None) -> Any:
        """Makes a flow in a class a method."""
        return definitions.bound(self, instance, owner)

    def to_deployment(self, name: str, **options: Unpack[ServeOptions]) -> RunnerDeployment:
        """The flow under a name, with schedules and parameters of its own, for `serve`; see `RunnerDeployment`."""
        from tui_flow.sdk.served_flow import RunnerDeployment

        return RunnerDeployment(self, name, **options)

    async def ato_deployment(self, name: str, **options: Unpack[ServeOptions]) -> RunnerDeployment:
        """`to_deployment`, for code that awaits it."""
        return self.to_deployment(name, **options)

    def serve(
        self,
        name: str | None = None,
        *,
        pause_on_shutdown: bool = True,
        print_starting_message: bool = True,
        limit: int | None = None,
        global_limit: Any = None,
        webserver: bool = False,
        **options: Unpack[ServeOptions],
    ) -> None:
        """Lets the engine run the flow at its times for as long as this script is there, and shows the runs.

        `name`: the flow's by default. `limit`: its runs at once that go back to this script; `global_limit`: all of
        them. Ctrl+C ends it and pauses the schedules, unless `pause_on_shutdown=False`. Raises what `serve` does.
        """
        from tui_flow.sdk.served_flow import RunnerDeployment
        from tui_flow.sdk.serving import serve

        options["concurrency_limit"] = global_limit
        served = RunnerDeployment(self, name, **options)
        serve(
            served,
            pause_on_shutdown=pause_on_shutdown,
            print_starting_message=print_starting_message,
            limit=limit,
            webserver=webserver,
        )

    @classmethod
    def from_source(cls, source: Any, entrypoint: str) -> Flow[..., Any]:
        """The flow of a file below a local folder: `flow.from_source("work", "etl.py:daily")`.

        Raises UnsupportedFeature for a source elsewhere, BrokenFlow or UnknownFlow where there is none.
        """
        from tui_flow.sdk.sources import flow_from

        return flow_from(source, entrypoint)

    @classmethod
    async def afrom_source(cls, source: Any, entrypoint: str) -> Flow[..., Any]:
        """`from_source`, for code that awaits it."""
        return cls.from_source(source, entrypoint)

    def generate_mermaid_graph(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """What the flow calls with these arguments, as a Mermaid flowchart. Its body runs, its tasks do not: see
        `visualization`. Raises VisualizationUnsupportedError for `submit` and `map`."""
        from tui_flow.sdk.visualization import drawn, mermaid

        return mermaid(drawn(self, "generate_mermaid_graph", args, kwargs))

    async def agenerate_mermaid_graph(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """`generate_mermaid_graph`, for code that awaits it."""
        from tui_flow.sdk.visualization import adrawn, mermaid

        return mermaid(await adrawn(self, "generate_mermaid_graph", args, kwargs))

    def visualize(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """The same as a picture by Graphviz, `<flow's name>.png`. Raises GraphvizExecutableNotFoundError, too."""
        from tui_flow.sdk.visualization import drawn, picture

        picture(drawn(self, "visualize", args, kwargs), self.name)

    async def avisualize(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """`visualize`, for code that awaits it."""
        from tui_flow.sdk.visualization import adrawn, picture

        picture(await adrawn(self, "visualize", args, kwargs), self.name)

    def __getattr__(self, name: str) -> Any:
        from tui_flow.sdk.unsupported import absent_method

        return absent_method("Flow", name)

    def __repr__(self) -> str:
        return f"<flow {self.name!r}>"


def _checked_schedules(one: Any, several: Any) -> list[Schedule]:
    if one is None and several is None:
        return []
    from tui_flow.sdk.schedules import checked_schedules

    return checked_schedules(one, several)


def _checked_runner(runner: Any) -> Any:
    if isinstance(runner, type):
        runner = runner()
    if runner is None or hasattr(runner, "run_here"):
        return runner
    from tui_flow.sdk.unsupported import refuse_option

    return refuse_option("flow", "task_runner")


class FlowDecorator:
    """Makes a function a flow: `@flow`, or with options `@flow(name="etl", log_prints=True)`."""

    from_source = Flow.from_source
    afrom_source = Flow.afrom_source

    @overload
    def __call__(self, fn: Callable[P, R], /) -> Flow[P, R]: ...

    @overload
    def __call__(
        self, fn: None = None, /, **given: Unpack[FlowOptions]
    ) -> Callable[[Callable[P, R]], Flow[P, R]]: ...

    def __call__(self, fn: Any = None, /, **given: Any) -> Any:
        if fn is None:
            options.flow_options(given)
            return lambda function: Flow(function, **given)
        return Flow(fn, **given)


flow = FlowDecorator()
