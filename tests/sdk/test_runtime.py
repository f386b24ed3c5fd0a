"""`runtime`: what the running code may ask about itself."""

from tests.sdk.history import History
from tui_flow import flow, tags, task
from tui_flow.sdk.runtime import deployment, flow_run, task_run


def test_outside_of_runs_there_is_nothing_to_tell() -> None:
    assert (flow_run.id, flow_run.name, flow_run.tags, flow_run.parameters) == (None, None, [], {})
    assert (task_run.id, task_run.task_name, task_run.run_count) == (None, None, 0)
    assert deployment.id is None


def test_flow_and_task_runs_know_themselves(history: History) -> None:
    @task(tags=["a"], task_run_name="doubles-{number}")
    def double(number: int) -> tuple[object, ...]:
        return (
            task_run.name, task_run.task_name, task_run.parameters, task_run.tags, task_run.run_count,
            flow_run.name, flow_run.parameters,
        )  # fmt: skip

    @flow(name="inner", flow_run_name="within")
    def inner() -> tuple[object, ...]:
        return flow_run.id, flow_run.parent_flow_run_id, flow_run.root_flow_run_id, task_run.id

    @flow(name="outer", flow_run_name="day-{day}", version="7")
    def outer(day: int) -> list[object]:
        with tags("b"):
            return [flow_run.flow_name, flow_run.flow_version, double(2), double.submit(3).result(), inner()]

    assert outer(1) == [
        "outer",
        "7",
        ("doubles-2", "double", {"number": 2}, ["a", "b"], 1, "day-1", {"day": 1}),
        ("doubles-3", "double", {"number": 3}, ["a", "b"], 1, "day-1", {"day": 1}),
        ("1-3", "1", "1", None),
    ]
