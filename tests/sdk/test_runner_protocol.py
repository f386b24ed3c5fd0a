"""What a task runner for other machines has to do: perform one call, and nothing else."""

import pickle
from typing import Any

import pytest

from tests.sdk.history import History
from tests.sdk.tiny_tasks import add, double
from tui_flow import ThreadPoolTaskRunner, flow
from tui_flow.sdk.effects import Call
from tui_flow.sdk.exceptions import ProcessDied
from tui_flow.sdk.remote import dumps
from tui_flow.sdk.timeouts import Expired


class Cluster(ThreadPoolTaskRunner):
    """Sends function and arguments away as bytes, and gets the outcome back as bytes."""

    sent: list[int] = []  # noqa: RUF012

    def call(self, call: Call) -> Any:
        packed = dumps((call.fn, call.args, call.kwargs), call.run.name)
        self.sent.append(call.run.number)
        return pickle.loads(self._far_away(packed))

    @staticmethod
    def _far_away(packed: bytes) -> bytes:
        fn, args, kwargs = pickle.loads(packed)
        return dumps(fn(*args, **kwargs), "the result")


class Broken(ThreadPoolTaskRunner):
    def call(self, call: Call) -> Any:
        raise Expired if call.seconds else ProcessDied("the machine is gone")


def test_a_runner_that_calls_elsewhere_needs_one_method(history: History) -> None:
    @flow(task_runner=Cluster(max_workers=2))
    def my_flow() -> list[int]:
        doubled = double.map([1, 2])
        return [add.submit(doubled[0], doubled[1]).result(), double(5)]

    assert my_flow() == [6, 10]
    assert history.last.states("double") == ["completed"] * 3
    assert sorted(Cluster.sent) == [1, 2, 3]


@pytest.mark.parametrize(("seconds", "state"), [(None, "CRASHED"), (5, "FAILED")])
def test_a_call_that_gets_lost_or_takes_too_long_elsewhere(
    history: History, seconds: float | None, state: str
) -> None:
    @flow(task_runner=Broken)
    def my_flow() -> str:
        return str(double.with_options(timeout_seconds=seconds).submit(1, return_state=True).type)

    assert my_flow() == state
