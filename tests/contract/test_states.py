"""The tables of states hold together."""

from tui_flow.contract import states
from tui_flow.contract.states import TASK_TRANSITIONS, TRANSITIONS, FlowRunState, TaskRunState


def test_every_state_has_its_transitions_and_a_sentence() -> None:
    for words, table in ((FlowRunState, TRANSITIONS), (TaskRunState, TASK_TRANSITIONS)):
        assert list(table) == list(words) or set(table) == set(words)
        assert all(state not in following for state, following in table.items())


def test_every_state_can_be_reached_and_ended() -> None:
    for table, start in ((TRANSITIONS, FlowRunState.SCHEDULED), (TASK_TRANSITIONS, TaskRunState.PENDING)):
        reached = {start}
        while new := {state for one in reached for state in table[one]} - reached:
            reached |= new
        assert reached == set(table)
        terminal = {state for state, following in table.items() if not following}
        assert all(
            following & terminal for state, following in table.items() if following and state != "scheduled"
        )


def test_the_groups_divide_the_states() -> None:
    assert not states.ACTIVE & states.TERMINAL
    assert states.ACTIVE | states.TERMINAL | {FlowRunState.SCHEDULED} == set(FlowRunState)
    assert set(TaskRunState) == states.TASK_ACTIVE | states.TASK_TERMINAL
    assert states.STARTED < states.ACTIVE
    assert set(FlowRunState) - states.TERMINAL - {FlowRunState.CANCELLING} <= states.CANCELLABLE
    assert states.TASK_SUCCESS < states.TASK_TERMINAL
