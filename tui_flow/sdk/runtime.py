"""`runtime.flow_run.name` and its like: what the running code may ask about itself, from anywhere, without a context.

Outside of runs every answer is None, or empty. What needs Prefect's server (`api_url`, `ui_url`) is None always.
"""

from typing import TYPE_CHECKING, Any

from tui_flow.contract.asked_by import parent_of
from tui_flow.sdk.context import current

if TYPE_CHECKING:
    from tui_flow.contract.rundir import RunSpec
    from tui_flow.sdk.runs import FlowRun, TaskRun


class _Runtime:
    """Answers are properties, so that they are those of the moment."""

    def __dir__(self) -> list[str]:
        return [name for name in type(self).__dict__ if not name.startswith("_")]

    @property
    def api_url(self) -> str | None:
        return None

    @property
    def ui_url(self) -> str | None:
        return None


def _flow_run() -> "FlowRun | None":
    run = current.get()
    owner = run.flow_run if run else None
    return owner if owner is not None and owner.flow is not None else None


def _task_run() -> "TaskRun | None":
    run = current.get()
    return run if run is not None and run.kind == "task" else None  # type: ignore[return-value]


def _spec() -> "RunSpec | None":
    """What the run that the caller is in was asked for with."""
    run = current.get()
    return run.tree.spec if run else None


class _FlowRunRuntime(_Runtime):
    """The flow run that the caller is in, or whose task it is in."""

    @property
    def id(self) -> str | None:
        """Such as "812"; of a nested flow run "812-5"."""
        run = _flow_run()
        return run.id if run else None

    @property
    def name(self) -> str | None:
        run = _flow_run()
        return run.name if run else None

    @property
    def flow_name(self) -> str | None:
        run = _flow_run()
        return run.flow_name if run else None

    @property
    def flow_version(self) -> str | None:
        run = _flow_run()
        return run.flow.version if run and run.flow else None

    @property
    def tags(self) -> list[str]:
        run = _flow_run()
        return sorted(run.tags) if run else []

    @property
    def parameters(self) -> dict[str, Any]:
        run = _flow_run()
        return dict(run.parameters) if run else {}

    @property
    def run_count(self) -> int:
        """The try, from 1."""
        run = _flow_run()
        return run.run_count if run else 0

    @property
    def parent_flow_run_id(self) -> str | None:
        """Of a nested flow run: the id of the flow run around it; of one that `run_deployment` made: of who asked."""
        run = _flow_run()
        if run is None or run.parent is not None:
            return run.parent.flow_run.id if run and run.parent else None
        parent = parent_of(run.tree.spec.trigger) if run.tree.spec else None
        return str(parent[0]) if parent else None

    @property
    def root_flow_run_id(self) -> str | None:
        """The id of the outermost flow run."""
        run = _flow_run()
        return str(run.tree.run_id) if run else None

    @property
    def scheduled_start_time(self) -> Any:
        """When the run was to begin, as a `datetime` with a zone; now, where nobody says."""
        from datetime import UTC, datetime

        run = _flow_run()
        spec = run.tree.spec if run else None
        begun = run.began_at if run and run.began_at else None
        if spec is not None and spec.scheduled_for is not None:
            begun = spec.scheduled_for
        return datetime.fromtimestamp(begun, UTC) if begun else datetime.now(UTC)

    @property
    def parent_deployment_id(self) -> str | None:
        return None

    @property
    def job_variables(self) -> dict[str, Any] | None:
        return None


class _TaskRunRuntime(_Runtime):
    """The task run that the caller is in."""

    @property
    def id(self) -> str | None:
        """Such as "812-5"."""
        run = _task_run()
        return run.id if run else None

    @property
    def name(self) -> str | None:
        run = _task_run()
        return run.name if run else None

    @property
    def task_name(self) -> str | None:
        run = _task_run()
        return run.task_name if run else None

    @property
    def tags(self) -> list[str]:
        run = _task_run()
        return sorted(run.tags) if run else []

    @property
    def parameters(self) -> dict[str, Any]:
        run = _task_run()
        return dict(run.parameters) if run else {}

    @property
    def run_count(self) -> int:
        """The try, from 1."""
        run = _task_run()
        return run.run_count if run else 0


class _DeploymentRuntime(_Runtime):
    """Prefect's deployments: the flow, by the name that it is served under. None where it was run without one."""

    @property
    def id(self) -> str | None:
        """Such as "etl/nightly", which `run_deployment` takes."""
        spec = _spec()
        return f"{spec.flow}/{spec.served}" if spec and spec.served else None

    @property
    def name(self) -> str | None:
        spec = _spec()
        return spec.served if spec else None

    @property
    def flow_run_id(self) -> str | None:
        return flow_run.id

    @property
    def parameters(self) -> dict[str, Any]:
        return flow_run.parameters

    @property
    def version(self) -> str | None:
        """The one that it is served as, else the flow's own."""
        spec = _spec()
        return (spec.served_version if spec else None) or flow_run.flow_version


flow_run = _FlowRunRuntime()
task_run = _TaskRunRuntime()
deployment = _DeploymentRuntime()
