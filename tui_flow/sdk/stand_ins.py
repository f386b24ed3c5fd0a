"""What stands for a run in another process than its own: the same facts, and nothing that it could be told with."""

from typing import TYPE_CHECKING, Any

from tui_flow.sdk.flows import Flow
from tui_flow.sdk.runs import NO_UPSTREAM, FlowRun, RunTree, TaskRun, running_state

if TYPE_CHECKING:
    from tui_flow.sdk.tasks import Task

_FLOW_FACTS = ("number", "name", "run_count", "tags", "log_prints", "began_at", "ended_at")
_TASK_FACTS = (*_FLOW_FACTS, "max_tries", "map_index", "map_id", "occurrence")


def facts_of(run: FlowRun | TaskRun) -> dict[str, Any]:
    """What another process has to know of a run, by its attributes."""
    names = _TASK_FACTS if isinstance(run, TaskRun) else _FLOW_FACTS
    return {name: getattr(run, name) for name in names}


def facts_of_tree(tree: RunTree) -> dict[str, Any]:
    """Keywords for a tree of the same run."""
    names = ("run_id", "project", "in_worker", "source_sha", "left_out")
    return {name: getattr(tree, name) for name in names}


def facts_of_flow(run: FlowRun) -> dict[str, Any] | None:
    """What its flow is, in words; None for what runs outside of flows."""
    flow = run.flow
    return (
        None
        if flow is None
        else {"name": flow.name, "version": flow.version, "description": flow.description}
    )


def flow_run(
    tree: RunTree, flow: dict[str, Any] | None, facts: dict[str, Any], parameters: dict[str, Any]
) -> FlowRun:
    """A flow run whose flow is in another process."""
    run = FlowRun(Flow(not_here, **flow) if flow else None, tree)
    _fill(run, facts)
    run.parameters = parameters
    return run


def task_run(
    owner: FlowRun,
    task: "Task[Any, Any]",
    facts: dict[str, Any],
    arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {}),
) -> TaskRun:
    """A task run that others have created."""
    run = object.__new__(TaskRun)
    run.task, run.tree, run.flow_run, run.parent = task, owner.tree, owner, owner
    run.args, run.kwargs = arguments
    run.upstream, run.transaction = NO_UPSTREAM, None
    _fill(run, facts)
    return run


def not_here() -> None:
    """The body of what runs elsewhere."""
    raise RuntimeError("what runs is in another process")


def _fill(run: FlowRun | TaskRun, facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        setattr(run, name, value)
    run.state = running_state(run.run_count)
