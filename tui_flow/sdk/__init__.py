"""The flow author's API, by Prefect's names. Every name is loaded on first use, so that a flow file that says
`from tui_flow import flow, task` pays for those two."""

from time import time

loaded_at = time()
"""When this process began to load the author's code, or a moment before."""
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tui_flow.sdk.annotations import allow_failure, quote, unmapped
    from tui_flow.sdk.context import get_run_context, tags
    from tui_flow.sdk.events import emit_event
    from tui_flow.sdk.flow_runs import (
        apause_flow_run,
        aresume_flow_run,
        asuspend_flow_run,
        pause_flow_run,
        resume_flow_run,
        suspend_flow_run,
    )
    from tui_flow.sdk.flows import Flow, flow
    from tui_flow.sdk.futures import PrefectFuture, PrefectFutureList, as_completed, wait
    from tui_flow.sdk.logging import get_run_logger
    from tui_flow.sdk.process_pool import ProcessPoolTaskRunner
    from tui_flow.sdk.progressing import progress
    from tui_flow.sdk.retries import exponential_backoff
    from tui_flow.sdk.schedules import (
        At,
        Cron,
        Interval,
        RRule,
        every,
        on_condition,
        on_event,
        on_file,
        on_flow,
    )
    from tui_flow.sdk.serving import aserve, serve
    from tui_flow.sdk.states import State
    from tui_flow.sdk.task_runners import ConcurrentTaskRunner, TaskRunner, ThreadPoolTaskRunner
    from tui_flow.sdk.tasks import Task, task
    from tui_flow.sdk.transactions import Transaction

__all__ = [
    "At",
    "ConcurrentTaskRunner",
    "Cron",
    "Flow",
    "Interval",
    "PrefectFuture",
    "PrefectFutureList",
    "ProcessPoolTaskRunner",
    "RRule",
    "State",
    "Task",
    "TaskRunner",
    "ThreadPoolTaskRunner",
    "Transaction",
    "allow_failure",
    "apause_flow_run",
    "aresume_flow_run",
    "as_completed",
    "aserve",
    "asuspend_flow_run",
    "emit_event",
    "every",
    "exponential_backoff",
    "flow",
    "get_run_context",
    "get_run_logger",
    "on_condition",
    "on_event",
    "on_file",
    "on_flow",
    "pause_flow_run",
    "progress",
    "quote",
    "resume_flow_run",
    "serve",
    "suspend_flow_run",
    "tags",
    "task",
    "unmapped",
    "wait",
]

_HOMES = {
    "annotations": ("allow_failure", "quote", "unmapped"),
    "context": ("get_run_context", "tags"),
    "flow_runs": (
        "apause_flow_run",
        "aresume_flow_run",
        "asuspend_flow_run",
        "pause_flow_run",
        "resume_flow_run",
        "suspend_flow_run",
    ),
    "flows": ("Flow", "flow"),
    "events": ("emit_event",),
    "futures": ("PrefectFuture", "PrefectFutureList", "as_completed", "wait"),
    "logging": ("get_run_logger",),
    "progressing": ("progress",),
    "retries": ("exponential_backoff",),
    "schedules": (
        "At",
        "Cron",
        "Interval",
        "RRule",
        "every",
        "on_condition",
        "on_event",
        "on_file",
        "on_flow",
    ),
    "serving": ("aserve", "serve"),
    "states": ("State",),
    "process_pool": ("ProcessPoolTaskRunner",),
    "task_runners": ("ConcurrentTaskRunner", "TaskRunner", "ThreadPoolTaskRunner"),
    "tasks": ("Task", "task"),
    "transactions": ("Transaction",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> "Any":
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'tui_flow.sdk' has no attribute {name!r}")
    module = __import__(f"tui_flow.sdk.{home}", fromlist=[name])
    value = globals()[name] = getattr(module, name)
    return value
