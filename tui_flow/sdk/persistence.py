"""Whether, where and under which key the result of a run is persisted: the options of its task or flow, and those of
the flow around it."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tui_flow.sdk import results
from tui_flow.sdk.context import TaskRunContext
from tui_flow.sdk.logging import logger_of
from tui_flow.sdk.masking import masker
from tui_flow.sdk.results import ResultStore

if TYPE_CHECKING:
    from tui_flow.sdk.cache_policies import CachePolicy
    from tui_flow.sdk.runs import FlowRun, TaskRun
    from tui_flow.sdk.tasks import Task

_MAX_STORES = 256


def persists(run: "FlowRun | TaskRun") -> bool:
    """Whether the run's result is persisted."""
    if run.kind == "flow":
        return flow_persists(run)  # type: ignore[arg-type]
    task: Any = run.definition
    if task.persist_result is not None:
        return bool(task.persist_result)
    by_default = results.get_default_persist_setting_for_tasks()
    return flow_persists(run.flow_run) if by_default is None else by_default


def flow_persists(run: "FlowRun") -> bool:
    """Whether the flow run's result is, and those of its tasks that say nothing."""
    flow = run.flow
    if flow is None or flow.persist_result is None:
        return results.get_default_persist_setting()
    return bool(flow.persist_result)


def policy_of(task: "Task[Any, Any]") -> "CachePolicy":
    """The policy that a task's options come to."""
    from tui_flow.sdk.cache_policies import DEFAULT, NO_CACHE, CacheKeyFnPolicy

    if task.persist_result is False:
        return NO_CACHE
    if task.cache_key_fn is not None:
        return CacheKeyFnPolicy(cache_key_fn=task.cache_key_fn)
    if task.cache_policy is None:
        return NO_CACHE
    return DEFAULT if task.cache_policy is ... else task.cache_policy


def store_of(run: "FlowRun | TaskRun") -> ResultStore:
    """The store for the run's result."""
    definition: Any = run.definition if run.kind == "task" or run.flow_run.flow else None
    flow = run.flow_run.flow
    stores = run.tree.result_stores
    if flow is None:  # outside of flows the place may change from one to the next
        return _new_store(run, definition, flow)
    found = stores.get((definition, flow))
    if found is None:
        if len(stores) >= _MAX_STORES:  # a method is another task for each object
            stores.clear()
        found = stores[definition, flow] = _new_store(run, definition, flow)
    return found


def _new_store(run: "FlowRun | TaskRun", definition: Any, flow: Any) -> ResultStore:
    storage = definition.result_storage if definition else None
    serializer = definition.result_serializer if definition else None
    if flow is not None:
        storage = flow.result_storage if storage is None else storage
        serializer = flow.result_serializer if serializer is None else serializer
    policy = policy_of(definition) if run.kind == "task" else None
    return ResultStore(
        storage,
        policy.key_storage if policy else None,
        policy.lock_manager if policy else None,
        serializer,
        definition.cache_result_in_memory if definition else True,
    )


def key_of(run: "TaskRun") -> str | None:
    """The key of the run's record; None, with a warning, where it cannot be told: then nothing is cached."""
    from tui_flow.sdk.context import current

    token = current.set(run)
    try:
        if run.task.result_storage_key is not None:
            return _without_secret(_formatted(run.task.result_storage_key, run))
        parameters = run.flow_run.parameters if run.flow_run.flow else {}
        key = policy_of(run.task).compute_key(TaskRunContext(run), run.parameters, parameters)
        return None if key is None else _without_secret(str(key))
    except Exception as error:
        logger_of(run).warning(
            "The cache key cannot be told, so the result is not persisted: %s: %s",
            type(error).__name__,
            error,
        )
        return None
    finally:
        current.reset(token)


def _without_secret(key: str) -> str:
    """The key, which becomes a file's name; a digest of one that holds a secret."""
    data = key.encode("utf-8", "surrogatepass")
    return f"secret-{sha256(data).hexdigest()}" if masker.finds_in(data) else key


def _formatted(template: str, run: "TaskRun") -> str:
    """With `prefect.runtime`'s fields, and the run's parameters."""
    from tui_flow.sdk import runtime

    return template.format(
        flow_run=runtime.flow_run,
        task_run=runtime.task_run,
        deployment=runtime.deployment,
        parameters=run.parameters,
    )


def expiration_of(task: "Task[Any, Any]") -> datetime | None:
    expiration = task.cache_expiration
    if expiration is None:
        return None
    return datetime.now(UTC) + (
        expiration if isinstance(expiration, timedelta) else timedelta(seconds=expiration)
    )


def refreshes(run: "TaskRun") -> bool:
    """Whether an earlier record is overwritten rather than used."""
    if run.task.refresh_cache is not None:
        return bool(run.task.refresh_cache)
    book = run.tree.calls
    is_asked = run.tree.reuses_nothing or (book is not None and book.asks_for(run))
    return is_asked or results.is_set("PREFECT_TASKS_REFRESH_CACHE")


def persist_flow_result(run: "FlowRun", value: Any) -> None:
    """Stores what a flow returned, or raised, under a key of its own. What cannot be stored is told in the log."""
    from tui_flow.sdk import kept_values

    try:
        store = store_of(run)
        record = store.create_result_record(value)
        store.persist_result_record(record)
        kept_values.note(run, store.result_storage, record.metadata.storage_key)
    except Exception as error:
        logger_of(run).error("The flow's result cannot be persisted: %s: %s", type(error).__name__, error)
