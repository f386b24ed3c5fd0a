"""Flows, as their authors see them."""

import pytest

from tests.sdk.history import History
from tests.sdk.tiny_tasks import double, fail
from tui_flow import State, flow, get_run_context, tags, task
from tui_flow.contract import journal
from tui_flow.contract.errors import TuiFlowError
from tui_flow.sdk import states
from tui_flow.sdk.exceptions import (
    FailedRun,
    FlowRunTimeoutError,
    InvalidNameError,
    ReservedArgumentError,
    UnsupportedFeature,
)


def test_a_call_gives_what_the_function_returns(history: History) -> None:
    @flow
    def my_flow(number: int) -> int:
        return double(number) + 1

    assert my_flow(20) == 41
    run = history.last
    assert run.ended.state == "completed"
    assert run.states("double") == ["completed"]
    assert [type(event).__name__ for event in run.events] == [
        "RunStarted", "FlowStarted", "TaskCreated", "TaskFinished", "FlowFinished", "RunEnded",
    ]  # fmt: skip
    started = run.one(journal.FlowStarted)
    assert (started.flow, started.parameters) == ("my-flow", {"number": 20})
    assert len(started.run_name.split("-")) == 2
    assert (history.project / ".tui_flow" / "sources" / f"{started.source_sha}.py").is_file()


def test_a_flow_looks_like_its_function() -> None:
    @flow(name="census", version="3")
    def my_flow(number: int = 3) -> int:
        """Counts.

        Thoroughly.
        """
        return number

    assert my_flow.name == "census"
    assert my_flow.__name__ == "my_flow"
    assert my_flow.description == "Counts.\n\nThoroughly."
    assert my_flow.fn(4) == 4
    assert my_flow.with_options(name="other", retries=2).name == "other"
    assert my_flow.with_options(retries=2).name == "census"


def test_an_exception_is_raised_and_recorded_with_its_place(history: History) -> None:
    @flow
    def my_flow() -> None:
        fail("no luck")

    with pytest.raises(ValueError, match="no luck"):
        my_flow()
    run = history.last
    assert (run.ended.state, run.ended.reason) == ("failed", "error")
    failure = run.finished("fail")[0].failure
    assert failure and (failure.type, failure.message) == ("ValueError", "no luck")
    assert "tui_flow/sdk" not in failure.traceback.split("ValueError")[0].replace("tests/sdk", "")
    assert len([record for record in run.records if "Traceback" in record.message]) == 1


def test_return_state_gives_the_state_instead(history: History) -> None:
    @flow
    def my_flow(is_fine: bool) -> int:
        return double(3) if is_fine else fail()

    good = my_flow(True, return_state=True)
    bad = my_flow(False, return_state=True)
    assert good.is_completed() and good.result() == 6
    assert bad.is_failed() and bad.name == "Failed"
    with pytest.raises(ValueError, match="as asked"):
        bad.result()
    assert isinstance(bad.result(raise_on_failure=False), ValueError)


@pytest.mark.parametrize(
    ("returned", "type", "result"),
    [
        (lambda: states.Completed(message="fine"), "COMPLETED", None),
        (lambda: states.Completed(data=7), "COMPLETED", 7),
        (lambda: double.submit(4), "COMPLETED", 8),
        (lambda: double(4, return_state=True), "COMPLETED", 8),
        (lambda: states.Cancelled(), "CANCELLED", None),
        (lambda: fail.submit(), "FAILED", None),
        (lambda: [double.submit(1), fail.submit()], "FAILED", None),
        (lambda: (double(1, return_state=True), states.Cancelled()), "CANCELLED", None),
    ],
)
def test_the_return_value_decides_the_final_state(
    history: History, returned: object, type: str, result: object
) -> None:
    @flow
    def my_flow() -> object:
        return returned()  # type: ignore[operator]

    state = my_flow(return_state=True)
    assert state.type == type
    assert history.last.ended.state == type.lower()
    if type == "COMPLETED":
        assert state.result() == result


def test_several_states_all_completed_complete_the_flow(history: History) -> None:
    @flow
    def my_flow() -> object:
        return double.map([1, 2])

    state = my_flow(return_state=True)
    assert state.is_completed()
    assert [one.result() for one in state.result()] == [2, 4]


def test_returning_a_failed_state_makes_the_plain_call_raise(history: History) -> None:
    @flow
    def my_flow() -> State[None]:
        return states.Failed(message="not today")

    with pytest.raises(FailedRun, match="not today"):
        my_flow()
    assert history.last.ended.message == "not today"


def test_a_failed_task_whose_result_nobody_asks_for_fails_no_flow(history: History) -> None:
    @flow
    def my_flow() -> str:
        fail.submit()
        return "fine"

    assert my_flow() == "fine"
    assert history.last.states("fail") == ["failed"]


def test_a_flow_in_a_flow_is_a_child_in_the_same_tree(history: History) -> None:
    @flow
    def inner(number: int) -> int:
        return double(number)

    @flow
    def outer() -> int:
        return inner(2) + inner(3)

    assert outer() == 10
    (run,) = history.runs
    kinds = [(event.kind, event.name, event.parent) for event in run.of(journal.TaskCreated)]
    assert kinds == [("flow", "inner", 0), ("task", "double", 1), ("flow", "inner", 0), ("task", "double", 3)]
    assert run.states("inner") == ["completed", "completed"]


def test_a_failing_nested_flow_raises_in_its_parent(history: History) -> None:
    @flow
    def inner() -> None:
        fail()

    @flow
    def outer() -> str:
        try:
            inner()
        except ValueError as error:
            return f"caught {error}"
        return "nothing"

    assert outer() == "caught as asked"
    assert history.last.states("inner") == ["failed"]
    assert history.last.ended.state == "completed"


def test_a_flow_is_tried_again(history: History) -> None:
    tries: list[int] = []

    @flow(retries=2)
    def my_flow() -> int:
        double.submit(1)
        tries.append(1)
        if len(tries) < 3:
            raise OSError("not yet")
        return len(tries)

    assert my_flow() == 3
    assert [event.tries for event in history.last.of(journal.FlowStarted)] == [1, 2, 3]
    assert [event.failure.message for event in history.last.of(journal.FlowRetrying)] == ["not yet"] * 2
    assert len(history.last.logged("Retry 1 of 2")) == 1


def test_a_flow_that_returns_a_failed_state_is_tried_again(history: History) -> None:
    tries: list[int] = []

    @flow(retries=1)
    def my_flow() -> object:
        tries.append(1)
        return states.Failed() if len(tries) == 1 else "fine"

    assert my_flow() == "fine"


def test_a_nested_flow_is_tried_again_in_its_place(history: History) -> None:
    tries: list[int] = []

    @flow(retries=1)
    def inner() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("not yet")
        return "fine"

    @flow
    def outer() -> str:
        return inner()

    assert outer() == "fine"
    assert len(history.last.of(journal.TaskRetrying)) == 1


def test_a_flow_that_blocks_is_ended_at_its_timeout(history: History) -> None:
    import time

    cleaned: list[str] = []

    @flow(timeout_seconds=0.1)
    def my_flow() -> None:
        try:
            time.sleep(30)
        except Exception:
            cleaned.append("swallowed")
        finally:
            cleaned.append("finally")

    started = time.monotonic()
    with pytest.raises(FlowRunTimeoutError, match=r"exceeded timeout of 0.1 second"):
        my_flow()
    assert time.monotonic() - started < 5
    assert cleaned == ["finally"]
    assert (history.last.ended.state_name, history.last.ended.reason) == ("TimedOut", "timeout")


def test_a_flow_timeout_ends_the_task_that_it_is_in(history: History) -> None:
    import time

    @task
    def slow() -> None:
        time.sleep(30)

    @flow(timeout_seconds=0.1)
    def my_flow() -> None:
        slow()

    assert my_flow(return_state=True).name == "TimedOut"
    assert history.last.states("slow") == ["cancelled"]


def test_run_names_come_from_templates_and_functions(history: History) -> None:
    @flow(flow_run_name="load-{day}-{n}")
    def by_template(day: str, n: int = 3) -> str:
        return get_run_context().flow_run.name

    def name_it() -> str:
        return "by-" + get_run_context().parameters["day"]

    @flow(flow_run_name=name_it)
    def by_function(day: str) -> None:
        pass

    @flow(flow_run_name="load-{nothing}")
    def by_mistake() -> None:
        pass

    assert by_template("monday") == "load-monday-3"
    by_function("today")
    by_mistake()
    names = [run.one(journal.FlowStarted).run_name for run in history.runs]
    assert names[:2] == ["load-monday-3", "by-today"]
    assert history.last.logged("keeps its generated name")


def test_hooks_hear_how_it_ended(history: History) -> None:
    heard: list[tuple[str, str, str]] = []

    def hook(flow: object, flow_run: object, state: State[object]) -> None:
        heard.append((flow.name, flow_run.name, state.name))  # type: ignore[attr-defined]

    @flow(on_completion=[hook], on_failure=[hook], on_running=[hook], flow_run_name="r")
    def my_flow(is_fine: bool) -> None:
        if not is_fine:
            fail()

    my_flow(True)
    with pytest.raises(ValueError, match="as asked"):
        my_flow(False)
    assert heard == [
        ("my-flow", "r", "Running"), ("my-flow", "r", "Completed"),
        ("my-flow", "r", "Running"), ("my-flow", "r", "Failed"),
    ]  # fmt: skip


def test_a_hook_that_raises_changes_nothing(history: History) -> None:
    @flow
    def my_flow() -> str:
        return "fine"

    @my_flow.on_completion
    def broken(flow: object, flow_run: object, state: object) -> None:
        raise RuntimeError("a broken hook")

    assert my_flow() == "fine"
    assert history.last.ended.state == "completed"
    assert history.last.logged("Hook 'broken' raised")


def test_an_async_hook_is_awaited_by_a_sync_flow(history: History) -> None:
    import asyncio

    heard: list[str] = []

    async def hook(flow: object, flow_run: object, state: object) -> None:
        await asyncio.sleep(0)
        heard.append("heard")

    @flow(on_completion=[hook])
    def my_flow() -> None:
        pass

    my_flow()
    assert heard == ["heard"]


def test_tags_reach_every_run_inside(history: History) -> None:
    @task(tags=["own"])
    def tagged() -> None:
        pass

    @flow
    def my_flow() -> None:
        with tags("inner"):
            tagged()
            tagged.submit().wait()
        tagged()

    with tags("outer"):
        my_flow()
    assert history.last.one(journal.FlowStarted).tags == ["outer"]
    assert [event.tags for event in history.last.created("tagged")] == [
        ["inner", "outer", "own"], ["inner", "outer", "own"], ["outer", "own"],
    ]  # fmt: skip


def test_sys_exit_in_a_flow_fails_it_and_exits(history: History) -> None:
    import sys

    @flow(retries=3)
    def my_flow() -> None:
        sys.exit(0)

    with pytest.raises(SystemExit):
        my_flow()
    assert (history.last.ended.state, history.last.ended.reason) == ("failed", "exit")


def test_a_keyboard_interrupt_crashes_the_flow_and_its_tasks(history: History) -> None:
    heard: list[str] = []

    @task
    def interrupted() -> None:
        raise KeyboardInterrupt

    def hear(flow: object, run: object, state: State[object]) -> None:
        heard.append(state.name)

    @flow(on_cancellation=[hear], on_crashed=[hear])
    def my_flow() -> None:
        interrupted()

    with pytest.raises(KeyboardInterrupt):
        my_flow()
    assert (history.last.ended.state, history.last.ended.reason) == ("crashed", "interrupted")
    assert history.last.states("interrupted") == ["crashed"]
    assert heard == ["Crashed"]


def test_a_flow_can_be_a_method(history: History) -> None:
    class Pipeline:
        def __init__(self, factor: int) -> None:
            self.factor = factor

        @task
        def scale(self, number: int) -> int:
            return self.factor * number

        @flow
        def run(self, number: int) -> int:
            return self.scale(number) + self.scale.submit(number).result()

    assert Pipeline(3).run("2") == 12
    assert Pipeline(5).run(2) == 20


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"nonsense": 1}, TypeError, "unexpected keyword argument 'nonsense'"),
        ({"name": 3}, TypeError, "Expected string for flow name"),
        ({"name": "a/b"}, InvalidNameError, "invalid character"),
        ({"retries": -1}, ValueError, "must not be negative"),
        ({"retries": "many"}, TypeError, "whole number"),
        ({"timeout_seconds": "soon"}, TypeError, "number of seconds"),
        ({"flow_run_name": 3}, TypeError, "Expected string or callable for 'flow_run_name'"),
        ({"on_failure": print}, TypeError, "Expected iterable for 'on_failure'"),
        ({"on_failure": [3]}, TypeError, "Expected callables in 'on_failure'"),
        ({"result_serializer": "yaml"}, ValueError, "Invalid serializer 'yaml'"),
        ({"task_runner": "dask"}, UnsupportedFeature, "ThreadPoolTaskRunner"),
    ],
)
def test_options_that_make_no_sense_are_refused_at_decoration(
    options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        flow(**options)(lambda: None)  # type: ignore[call-overload]


def test_functions_that_cannot_be_flows_are_refused() -> None:
    def reserved(wait_for: int) -> None:
        pass

    with pytest.raises(ReservedArgumentError, match="'wait_for' is a reserved argument name"):
        flow(reserved)
    with pytest.raises(ReservedArgumentError, match="'wait_for' is a reserved argument name"):
        flow(staticmethod(reserved))
    with pytest.raises(TypeError, match="for functions"):
        flow(3)


def test_methods_that_need_a_server_say_so() -> None:
    @flow
    def my_flow() -> None:
        pass

    with pytest.raises(TuiFlowError, match=r"no Flow\.deploy\(\)"):
        my_flow.deploy(work_pool_name="pool")
    with pytest.raises(AttributeError, match="nonsense"):
        my_flow.nonsense  # noqa: B018
    from tui_flow import get_client

    with pytest.raises(TuiFlowError, match="no get_client\nit needs Prefect's server"):
        get_client()
    with pytest.raises(ImportError, match="nonsense"):
        from tui_flow import nonsense  # noqa: F401
