"""States as objects."""

import pytest

from tui_flow import State
from tui_flow.contract import states as words
from tui_flow.sdk import states
from tui_flow.sdk.exceptions import (
    CancelledRun,
    CrashedRun,
    FailedRun,
    MissingResult,
    PausedRun,
    UnfinishedRun,
)


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("Scheduled", "SCHEDULED"), ("Late", "SCHEDULED"), ("AwaitingRetry", "SCHEDULED"), ("Pending", "PENDING"),
        ("Running", "RUNNING"), ("Retrying", "RUNNING"), ("Completed", "COMPLETED"), ("Failed", "FAILED"),
        ("Crashed", "CRASHED"), ("Cancelled", "CANCELLED"), ("Cancelling", "CANCELLING"), ("Paused", "PAUSED"),
        ("Suspended", "PAUSED"),
    ],
)  # fmt: skip
def test_helpers_make_states_of_prefects_names_and_types(name: str, type: str) -> None:
    state = getattr(states, name)(message="why")
    assert (state.name, state.type, state.message) == (name, type, "why")
    assert getattr(state, f"is_{type.lower()}")()
    assert state.is_final() == (type in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"))
    assert str(state) == f"{name}('why')"
    assert type in repr(state)


def test_a_state_can_have_another_name() -> None:
    assert states.Completed(name="Cached").name == "Cached"
    assert State("FAILED").name == "Failed"
    assert str(State(states.StateType.COMPLETED)) == "Completed()"


def test_results_come_out_or_say_why_not() -> None:
    assert states.Completed(data=3).result() == 3
    assert states.Completed(data=None).result() is None
    with pytest.raises(MissingResult):
        states.Completed().result()
    with pytest.raises(UnfinishedRun, match="Run is in RUNNING state"):
        states.Running().result()
    with pytest.raises(PausedRun):
        states.Paused().result()
    for make, error in (
        (states.Failed, FailedRun), (states.Crashed, CrashedRun), (states.Cancelled, CancelledRun),
    ):  # fmt: skip
        with pytest.raises(error, match="because"):
            make(message="because").result()
    with pytest.raises(FailedRun, match="as text"):
        states.Failed(data="as text").result()
    with pytest.raises(KeyError):
        states.Failed(data=[states.Completed(), states.Failed(data=KeyError("k"))]).result()
    assert isinstance(states.Failed(data=KeyError("k")).result(raise_on_failure=False), KeyError)


def test_raise_state_exception_minds_only_what_went_wrong() -> None:
    states.raise_state_exception(states.Completed())
    states.raise_state_exception(states.Running())
    with pytest.raises(FailedRun, match="no"):
        states.raise_state_exception(states.Failed(message="no"))


def test_states_have_ids_times_and_copies() -> None:
    state = states.Completed(data=1)
    assert state.id != states.Completed().id and state.id == state.id
    assert state.timestamp.tzinfo is not None
    assert state.copy(update={"name": "Other"}).name == "Other"
    assert state == states.Completed(data=1) != states.Failed(data=1)


def test_every_end_has_a_word_in_the_journal() -> None:
    assert set(states.JOURNAL_FLOW_STATES) == states.FINAL | {states.StateType.PAUSED}, "suspended"
    assert set(states.JOURNAL_FLOW_STATES.values()) == words.TERMINAL | {words.FlowRunState.PAUSED}
    assert set(states.JOURNAL_TASK_STATES.values()) <= words.TASK_TERMINAL


async def test_the_exception_of_a_state_can_be_asked_for() -> None:
    failed = states.Failed(data=KeyError("k"))
    assert states.get_state_exception(failed) is failed.data is await states.aget_state_exception(failed)
    assert isinstance(states.get_state_exception(states.Failed(data=3)), TypeError)
    with pytest.raises(ValueError, match="Expected failed or crashed state"):
        states.get_state_exception(states.Completed(data=1))
    states.raise_state_exception(states.Completed(data=1))
    with pytest.raises(KeyError):
        states.raise_state_exception(failed)
    with pytest.raises(CancelledRun):
        await states.araise_state_exception(states.Cancelled())
    assert await states.Completed(data=3).aresult() == 3


def test_a_state_keeps_what_its_maker_said_beside() -> None:
    from datetime import UTC, datetime

    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert states.Scheduled(scheduled_time=at).state_details.scheduled_time is at
    now = states.Late()
    assert now.state_details.scheduled_time == now.timestamp
    assert states.Completed().state_details.cache_key is None


def test_a_state_survives_pickling() -> None:
    import pickle

    copied = pickle.loads(pickle.dumps(states.Failed(message="why", data=KeyError("k"))))
    assert (copied.type, copied.name, copied.message) == (states.StateType.FAILED, "Failed", "why")
    assert pickle.loads(pickle.dumps(states.Completed())).has_result is False


def test_a_copy_of_a_state_keeps_what_it_says_and_a_fresh_one_is_of_no_run() -> None:
    state = states.Failed(message="no", data=ValueError("no"), retriable=False).of_run("7", "7-1")
    copy = state.model_copy(update={"name": "Mine"})
    assert (copy.name, copy.message, copy.reason, copy.data) == ("Mine", "no", state.reason, state.data)
    assert (copy.state_details.task_run_id, copy.state_details.retriable) == ("7-1", False)
    fresh = state.fresh_copy()
    assert fresh == state and fresh.id != state.id
    assert (fresh.state_details.flow_run_id, fresh.state_details.retriable) == (None, False)


def test_a_group_of_states_counts_them() -> None:
    group = states.StateGroup([states.Completed(), states.Crashed(), states.Running()])
    assert (group.fail_count, group.any_failed(), group.all_final(), group.all_completed()) == (
        1, True, False, False,
    )  # fmt: skip
    assert group.counts_message() == "total=3, not_final=1, 'RUNNING'=1, 'COMPLETED'=1, 'CRASHED'=1"
