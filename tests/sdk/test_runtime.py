"""`runtime`: what the running code may ask about itself."""

from typing import Any

from tests.sdk.history import History
from tui_flow import State, flow, tags, task
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


def test_hooks_are_told_whose_state_it_is_and_how_long_the_run_took(history: History) -> None:
    told: list[tuple[Any, Any, Any]] = []

    def hook(of: object, run: object, state: object) -> None:
        told.append((of, run, state))

    @task(on_running=[hook], on_completion=[hook])
    def load(count: int) -> int:
        return count

    @flow(version="3", on_completion=[hook])
    def my_flow() -> State[int]:
        return load(1, return_state=True)

    my_flow()
    (_, during, running), (_, after, completed), (_, run, state) = told
    number = run.id
    for one in (running, completed):
        assert (one.state_details.flow_run_id, one.state_details.task_run_id) == (f"{number}", f"{number}-1")
    assert (state.state_details.flow_run_id, state.state_details.task_run_id) == (f"{number}", None)
    assert during is after and after.created and after.start_time < after.end_time <= run.end_time
    assert after.total_run_time == after.end_time - after.start_time
    assert after.estimated_run_time == after.total_run_time
    assert after.expected_start_time == after.start_time
    assert after.task_inputs == {"count": []} and after.flow_run_run_count == 1
    assert after.task_key == load.task_key and after.task_key.startswith("test_hooks_")
    assert (after.cache_key, after.labels, after.task_version) == (None, {}, None)
    assert (run.flow_version, run.deployment_id, run.idempotency_key, run.labels) == ("3", None, None, {})
