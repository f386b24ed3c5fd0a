"""Tasks that are called, as their authors see them."""

import threading
from dataclasses import InitVar, dataclass, field
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from tests.sdk.flaky import Flaky
from tests.sdk.history import History
from tests.sdk.tiny_tasks import double, fail
from tui_flow import State, allow_failure, flow, get_run_context, quote, task
from tui_flow.contract import journal
from tui_flow.sdk import states
from tui_flow.sdk.exceptions import (
    ParameterBindError,
    UnfinishedRun,
    UpstreamTaskError,
)


def test_a_call_writes_two_lines(history: History) -> None:
    @flow
    def my_flow() -> int:
        return double(4)

    assert my_flow() == 8
    about_tasks = [event for event in history.last.events if hasattr(event, "id")]
    assert [type(event).__name__ for event in about_tasks] == ["TaskCreated", "TaskFinished"]
    assert (about_tasks[0].state, about_tasks[0].run_name) == ("running", "double-0")


def test_a_task_outside_of_flows_works_and_leaves_no_history(history: History) -> None:
    flaky = Flaky(1)

    @task(retries=1)
    def counted() -> int:
        return flaky()

    assert counted() == 2
    assert double.submit(4).result() == 8
    assert double.map([1, 2]).result() == [2, 4]
    assert fail(return_state=True).is_failed()
    assert history.runs == []


def test_a_task_in_a_task_is_its_child(history: History) -> None:
    @task
    def outer(number: int) -> int:
        return double(number) + double.submit(number).result()

    @flow
    def my_flow() -> int:
        return outer(1)

    assert my_flow() == 4
    assert [event.parent for event in history.last.created("double")] == [1, 1]


def test_a_task_that_returns_a_state_ends_in_it(history: History) -> None:
    @task
    def refuse() -> State[None]:
        return states.Failed(message="no data today")

    @task
    def accept() -> State[int]:
        return states.Completed(message="fine", data=3)

    @flow
    def my_flow() -> object:
        assert refuse(return_state=True).message == "no data today"
        return accept(return_state=True).message, accept()

    assert my_flow() == ("fine", 3)
    assert history.last.states("refuse") == ["failed"]


def test_run_names_come_from_templates_and_functions(history: History) -> None:
    @task(task_run_name="load-{day}-{n}")
    def by_template(day: str, n: int = 3) -> str:
        return get_run_context().task_run.name

    @task(task_run_name=lambda: "by-" + get_run_context().parameters["day"])
    def by_function(day: str) -> None:
        pass

    @flow
    def my_flow() -> str:
        by_function("today")
        future = double.submit(1)
        by_template.submit("late", future).wait()
        return by_template("monday")

    assert my_flow() == "load-monday-3"
    run = history.last
    assert [event.run_name for event in run.of(journal.TaskCreated)] == [
        "by-today", "double-0", "by_template-0", "load-monday-3",
    ]  # fmt: skip
    assert run.one(journal.TaskRenamed).run_name == "load-late-2"


def test_a_name_that_was_known_at_once_is_told_once(history: History) -> None:
    @task(task_run_name="load {number}")
    def load(number: int) -> None: ...

    @flow
    def my_flow() -> None:
        load.submit(1).wait()
        load(2)

    my_flow()
    assert [event.run_name for event in history.last.of(journal.TaskCreated)] == ["load 1", "load 2"]
    assert not history.last.of(journal.TaskRenamed)


def test_hooks_hear_of_every_end(history: History) -> None:
    heard: list[str] = []

    def hook(task: object, task_run: object, state: State[object]) -> None:
        heard.append(f"{task_run.name} {state.name}")  # type: ignore[attr-defined]

    @task(on_completion=[hook], on_failure=[hook], retries=1)
    def sometimes(is_fine: bool) -> None:
        if not is_fine:
            raise ValueError

    sometimes.on_running(hook)

    @flow
    def my_flow() -> None:
        sometimes(True)
        sometimes.submit(False).wait()

    my_flow()
    assert heard == [
        "sometimes-0 Running", "sometimes-0 Completed", "sometimes-1 Running",
        "sometimes-1 Retrying", "sometimes-1 Failed",
    ]  # fmt: skip


def test_futures_are_resolved_wherever_they_are(history: History) -> None:
    @dataclass(frozen=True)
    class Pair:
        left: object
        right: object

    @task
    def show(*values: object) -> object:
        return values

    @flow
    def my_flow() -> object:
        one = double.submit(1)
        state = double(5, return_state=True)
        return show([one, 1], (one,), {"k": {one}}, Pair(one, "r"), state, quote([one]) and "quoted")

    left = my_flow()
    assert left == ([2, 1], (2,), {"k": {2}}, Pair(2, "r"), 10, "quoted")
    assert history.last.created("show")[0].upstream == [1]


def test_data_objects_are_made_anew_with_what_was_resolved(history: History) -> None:
    @dataclass
    class Sized:
        rows: list[int]
        size: int = field(init=False, default=0)
        cls_wide: ClassVar[list[int]] = []

        def __post_init__(self) -> None:
            self.size = sum(self.rows) if all(isinstance(row, int) for row in self.rows) else -1

    @dataclass
    class Scaled:
        value: object
        factor: InitVar[int] = 1

    class Open(BaseModel, extra="allow"):
        known: object

    @task
    def show(value: Any) -> Any:
        return value

    @flow
    def my_flow() -> Any:
        one = double.submit(1)
        return show(Sized([one, 3])), show(Scaled(one, factor=2)), show(Open(known=one, other=[one]))  # type: ignore[list-item,call-arg]

    sized, scaled, opened = my_flow()
    assert (sized.size, sized.rows, vars(sized)) == (5, [2, 3], {"rows": [2, 3], "size": 5})
    assert scaled.value == 2
    assert (opened.known, opened.other) == (2, [2])


def test_collections_without_futures_are_handed_over_as_they_are(history: History) -> None:
    big = [[1, 2], {"a": [object()]}]

    @task
    def is_same(value: object) -> bool:
        return value is big

    @flow
    def my_flow() -> bool:
        future = double.submit(1)
        return is_same(big, wait_for=[future]) and is_same(quote(big)) and is_same.submit(big).result()

    assert my_flow()


def test_a_collection_that_holds_itself_is_no_trap(history: History) -> None:
    @flow
    def my_flow() -> int:
        double.submit(1).wait()
        ring: list[object] = [1]
        ring.append(ring)
        return task(len)(ring)

    assert my_flow() == 2


def test_a_failed_upstream_stops_a_call_with_a_reason(history: History) -> None:
    called: list[int] = []

    @task
    def after(value: object) -> None:
        called.append(1)

    @flow
    def my_flow() -> str:
        with pytest.raises(UpstreamTaskError, match="'fail-0' did not reach a 'COMPLETED' state"):
            after(fail.submit())
        with pytest.raises(UnfinishedRun):
            after(1, wait_for=[fail(return_state=True)])
        state = after(fail.submit(), return_state=True)
        return f"{state.type} {state.name}"

    assert my_flow() == "PENDING NotReady"
    assert called == []
    assert history.last.states("after") == ["upstream_failed"] * 3
    assert {event.reason for event in history.last.finished("after")} == {"upstream"}


def test_a_failure_can_be_allowed(history: History) -> None:
    @task
    def after(value: object) -> str:
        return repr(value)

    @flow
    def my_flow() -> list[str]:
        failed = fail.submit()
        never = double.submit(failed)
        return [
            after(allow_failure(failed)),
            after([allow_failure(failed)]),
            after(allow_failure(never))[:17],
        ]

    assert my_flow() == ["ValueError('as asked')", "[ValueError('as asked')]", "UpstreamTaskError"]


def test_arguments_that_do_not_fit_are_refused_before_there_is_a_run(history: History) -> None:
    @flow
    def my_flow() -> None:
        with pytest.raises(ParameterBindError, match="missing a required argument: 'number'"):
            double()
        with pytest.raises(ParameterBindError, match="too many positional arguments"):
            double.submit(1, 2)
        with pytest.raises(ParameterBindError, match="multiple values for argument 'number'"):
            double.map([1], number=[2])

    my_flow()
    assert history.last.created("double") == []


def test_a_thread_of_the_authors_own_belongs_to_the_flow_that_is_running(history: History) -> None:
    found: list[int] = []

    @flow
    def my_flow() -> None:
        thread = threading.Thread(target=lambda: found.append(double(21)))
        thread.start()
        thread.join()

    my_flow()
    assert found == [42]
    assert history.last.states("double") == ["completed"]


def test_a_forked_child_adds_nothing_to_the_journal(history: History) -> None:
    import os

    @flow
    def my_flow() -> int:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = double(3) + double.submit(4).result() - 14
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    assert my_flow() == 0
    assert history.last.created("double") == []


def test_ten_thousand_characters_of_message_are_cut(history: History) -> None:
    @flow
    def my_flow() -> bool:
        return fail("x" * 100_000, return_state=True).is_failed()

    assert my_flow()
    failure = history.last.finished("fail")[0].failure
    assert (
        failure
        and len(failure.message) == len(failure.message.encode("ascii", "ignore")) + 1 == journal.MAX_TEXT
    )


def test_an_exception_that_cannot_be_told_is_told_all_the_same(history: History) -> None:
    class Hostile(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    @task
    def hostile() -> None:
        raise Hostile

    @flow
    def my_flow() -> bool:
        return hostile(return_state=True).is_failed()

    assert my_flow()
    failure = history.last.finished("hostile")[0].failure
    assert failure and "cannot be told" in failure.message
