"""The keywords of `@flow` and `@task`: Prefect 3's, with their defaults. Imports nothing: every flow file pays for it.

What does not work here yet is refused with one clear error (`unsupported.OPTIONS`); what is harmless is accepted.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import timedelta
    from typing import Any, Literal, TypedDict

    from tui_flow.sdk.cache_policies import CachePolicy
    from tui_flow.sdk.task_runners import TaskRunner

    Hook = Callable[..., Any]

    class TaskOptions(TypedDict, total=False):
        """The keywords of `@task`."""

        name: str | None
        """Default: the function's name."""
        description: str | None
        """Default: the docstring."""
        tags: Iterable[str] | None
        version: str | None
        task_run_name: str | Callable[..., str] | None
        """A template such as "load-{day}", filled with the arguments, or a function that gives a name."""
        retries: int | None
        """Tries after the first one."""
        retry_delay_seconds: float | Sequence[float] | Callable[[int], Sequence[float]] | None
        """One delay, or one for each retry, or a function from the number of retries to such a list."""
        retry_jitter_factor: float | None
        """Each delay is made longer by a random part of up to this factor."""
        retry_condition_fn: Callable[..., Any] | None
        """`(task, task_run, state) -> bool`: whether this failure is worth another try."""
        timeout_seconds: float | None
        """For each try. 0 and None are no limit."""
        log_prints: bool | None
        """Whether `print` goes to the run's log. None: as the flow does."""
        on_completion: list[Hook] | None
        """Functions of `(task, task_run, state)`."""
        on_failure: list[Hook] | None
        on_running: list[Hook] | None
        persist_result: bool | None
        """Whether the result is stored under its cache key, and used again. False also keeps it out of what a rerun
        reuses. None: as the flow says, or as soon as another option says where or how."""
        cache_result_in_memory: bool
        """Accepted, and without effect: a result lives as long as somebody holds its future or state."""
        viz_return_value: Any
        """Accepted, and without effect."""
        cache_policy: CachePolicy | None
        """What makes two runs the same (`cache_policies`). Default: DEFAULT, where results are persisted."""
        cache_key_fn: Callable[..., str | None] | None
        """`(context, parameters) -> key`, instead of a policy."""
        cache_expiration: timedelta | None
        """How long a record may be used."""
        refresh_cache: bool | None
        """Runs always, and overwrites the record."""
        result_storage: Any
        """A folder, a file system, or the slug of a saved one. Default: the project's `.tui_flow/results/`."""
        result_serializer: Any
        """ "pickle" (default), "json", "compressed/pickle", "compressed/json", or a Serializer."""
        result_storage_key: str | None
        """The record's name, such as "rates-{parameters[day]}", instead of a cache key."""
        on_rollback: list[Hook] | None
        """Functions of the transaction, called where the run completed and the transaction around it fails."""
        on_commit: list[Hook] | None
        """Functions of the transaction, called when it commits."""
        asset_deps: Any
        """Assets, or their keys, that what the task produces is made from, beside those that it gets from other tasks."""

    class FlowOptions(TypedDict, total=False):
        """The keywords of `@flow`."""

        name: str | None
        """Default: the function's name, with "-" for "_"."""
        description: str | None
        """Default: the docstring."""
        tags: Iterable[str] | None
        """Ours: Prefect tags flows where it deploys them."""
        version: str | None
        flow_run_name: str | Callable[..., str] | None
        """A template such as "etl-{day}", filled with the parameters, or a function that gives a name."""
        retries: int | None
        """Tries after the first one."""
        retry_delay_seconds: float | None
        task_runner: TaskRunner | type[TaskRunner] | None
        """Where submitted tasks run. Default: a pool of 32 threads."""
        timeout_seconds: float | None
        """For each try. 0 and None are no limit."""
        validate_parameters: bool
        """Whether pydantic checks and coerces the parameters."""
        log_prints: bool | None
        """Whether `print` goes to the run's log. None: as the flow around it does, or not."""
        on_completion: list[Hook] | None
        """Functions of `(flow, flow_run, state)`."""
        on_failure: list[Hook] | None
        on_cancellation: list[Hook] | None
        on_crashed: list[Hook] | None
        on_running: list[Hook] | None
        persist_result: bool | None
        """Whether the flow's result is stored, and those of its tasks that do not say."""
        cache_result_in_memory: bool
        """Accepted, and without effect."""
        result_storage: Any
        """For itself, and for its tasks that do not say."""
        result_serializer: Any
        max_concurrent_runs: int | None
        """Ours: the engine starts no more runs of it at once."""
        exclusive: bool
        """Ours: never two runs at once, also where somebody asks for one."""
        priority: int
        """Ours: from -100 to 100. Of the runs that wait for a slot, those of higher priority go first."""
        on_crash: Literal["fail", "retry"]
        """Ours: "retry" begins a run anew, as its next attempt, when its process vanished; three times at most."""
        schedule: Any
        """Ours: one of `tui_flow.schedules`, or a list of them: when the engine runs it by itself."""
        schedules: Any
        """The same, for those who look for the plural."""
        pause_on_failure: int | None
        """Ours: after so many failures in a row its schedules pause."""

    class ServeOptions(TypedDict, total=False):
        """The keywords of `flow.serve` and `flow.to_deployment`; of the first five and `schedules` only one."""

        cron: str | Sequence[str] | None
        """Such as "0 3 * * *", in the host's time zone; several make several schedules."""
        interval: float | timedelta | Sequence[float | timedelta] | None
        """Seconds, or a timedelta."""
        rrule: Any
        schedule: Any
        """One of `tui_flow.schedules`, with a time zone or parameters of its own."""
        schedules: Any
        """A list of them."""
        paused: bool | None
        """True: all of them begin paused."""
        parameters: dict[str, Any] | None
        """Of its runs, beyond the flow's defaults."""
        triggers: Any
        """`on_event`, `on_flow` or `on_file`, of `tui_flow.schedules`."""
        description: str | None
        tags: Iterable[str] | None
        """Beyond the flow's."""
        version: str | None
        enforce_parameter_schema: bool
        """Accepted: names are checked at once, and values when a run begins."""
        concurrency_limit: Any
        """Its runs at once."""
        entrypoint_type: Any
        """Accepted: a run always finds the flow by its file."""
        work_pool_name: str | None
        work_queue_name: str | None
        job_variables: dict[str, Any] | None


_UNSUPPORTED_IN_TASKS: "tuple[str, ...]" = ()
_UNSUPPORTED_IN_FLOWS: "tuple[str, ...]" = ()

TASK_DEFAULTS: "dict[str, Any]" = {
    **dict.fromkeys(
        (
            "name", "description", "tags", "version", "task_run_name", "retries", "retry_delay_seconds",
            "retry_jitter_factor", "retry_condition_fn", "timeout_seconds", "log_prints", "on_completion",
            "on_failure", "on_running", "persist_result", "viz_return_value", "cache_key_fn", "cache_expiration",
            "refresh_cache", "result_storage", "result_serializer", "result_storage_key", "on_commit", "on_rollback",
            "asset_deps",
        )
    ),
    "cache_policy": ...,
    "cache_result_in_memory": True,
}  # fmt: skip
FLOW_DEFAULTS: "dict[str, Any]" = {
    **dict.fromkeys(
        (
            "name", "description", "tags", "version", "flow_run_name", "retries", "retry_delay_seconds",
            "task_runner", "timeout_seconds", "log_prints", "on_completion", "on_failure", "on_cancellation",
            "on_crashed", "on_running", "persist_result", "max_concurrent_runs", "pause_on_failure", "schedule",
            "schedules", "result_storage", "result_serializer",
        )
    ),
    "exclusive": False,
    "priority": 0,
    "on_crash": "fail",
    "validate_parameters": True,
    "cache_result_in_memory": True,
}  # fmt: skip


def task_options(given: "dict[str, Any]") -> "dict[str, Any]":
    """All keywords of `@task`. Raises TypeError for an unknown one, UnsupportedFeature for one that cannot work."""
    return _complete("task", TASK_DEFAULTS, _UNSUPPORTED_IN_TASKS, given)


def flow_options(given: "dict[str, Any]") -> "dict[str, Any]":
    """All keywords of `@flow`. Raises TypeError for an unknown one, UnsupportedFeature for one that cannot work."""
    return _complete("flow", FLOW_DEFAULTS, _UNSUPPORTED_IN_FLOWS, given)


def _complete(
    decorator: str, defaults: "dict[str, Any]", unsupported: "tuple[str, ...]", given: "dict[str, Any]"
) -> "dict[str, Any]":
    for option in given:
        if option not in defaults:
            raise TypeError(f"{decorator}() got an unexpected keyword argument {option!r}")
        if option in unsupported:
            _refuse(decorator, option, given[option])
    return {**defaults, **given}


def _refuse(decorator: str, option: str, value: "Any") -> None:
    if value is None or value is False or getattr(value, "is_harmless", False):
        return
    from tui_flow.sdk.unsupported import refuse_option

    refuse_option(decorator, option)
