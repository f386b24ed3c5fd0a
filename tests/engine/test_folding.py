"""What journal events make of a run, whatever order and repetition a journal may come to."""

import random

import pytest

from tests.engine.journals import created, ended, finished, mapped, started
from tests.store.rows import a_run
from tui_flow.contract import journal
from tui_flow.contract.asked_by import by_debugger
from tui_flow.contract.failure import Failure
from tui_flow.contract.journal import Event
from tui_flow.contract.left_out import DONE_BEFORE, WHY
from tui_flow.contract.states import TASK_TERMINAL, EndReason, FlowRunState, TaskRunState
from tui_flow.engine.folding import Fold
from tui_flow.store.records import FlowRun, TaskRun, Try
from tui_flow.store.waits import Wait

FAILURE = Failure("ValueError", "no", "Traceback …")


def folded(*events: Event, run: FlowRun | None = None) -> Fold:
    fold = Fold(run or a_run(), None)
    for event in events:
        fold.apply(event)
    return fold


def test_a_run_from_its_start_to_its_last_word() -> None:
    fold = folded(*started())
    assert (fold.run.state, fold.run.started_at, fold.run.run_name) == (
        FlowRunState.RUNNING,
        101.0,
        "brave-otter",
    )
    assert (
        fold.run.parameters == {"n": 1} and fold.run.tags == ["nightly"] and fold.run.source_sha == "f" * 64
    )
    fold.apply(ended()[0])
    assert fold.run.state is FlowRunState.RUNNING
    assert fold.report is not None
    fold.apply(ended()[1])
    run = fold.run
    assert (run.state, run.reason, run.ended_at, run.exit_code) == ("completed", "returned", 109.0, 0)


def test_without_a_report_there_is_no_success_whatever_the_exit_code() -> None:
    fold = folded(*started(), journal.RunEnded(109.0, "failed", "exit", "exited with code 0", 0, None))
    assert (fold.run.state, fold.run.reason) == (FlowRunState.FAILED, EndReason.EXIT)


def test_the_reports_name_and_failure_are_kept_if_the_last_word_agrees() -> None:
    report = journal.FlowFinished(108.0, "failed", "TimedOut", "timeout", "too long", FAILURE)
    last = journal.RunEnded(109.0, "failed", "timeout", "too long", 1, None)
    run = folded(*started(), report, last).run
    assert (run.state_name, run.failure, run.message) == ("TimedOut", FAILURE, "too long")
    last = journal.RunEnded(109.0, "cancelled", "cancelled", "by uid 0", None, "SIGKILL")
    run = folded(*started(), report, last).run
    assert (run.state_name, run.failure, run.signal) == ("Cancelled", None, "SIGKILL")


@pytest.mark.parametrize(
    ("state", "message", "is_partial"),
    [
        ("cached", DONE_BEFORE, True),
        ("cached", "The run had this result already.", False),
        ("skipped", WHY, True),
        ("skipped", "not today", False),
    ],
)
def test_a_run_is_partial_once_a_call_was_reused_by_a_rerun_or_left_out(
    state: str, message: str, is_partial: bool
) -> None:
    last = journal.TaskFinished(104.0, 1, state, "", "returned", message, None)
    fold = folded(*started(), created(1, "running"), last, *ended())
    assert fold.run.is_partial is is_partial
    debugged = a_run(trigger=by_debugger(7))
    assert folded(*started(), *ended(), run=debugged).run.is_partial, "it took as long as somebody looked"
    later = a_run(attempt=2, first_task_run_id=2)
    assert not folded(*started(), created(1, "running"), last, run=later).run.is_partial


def test_a_paused_run_goes_on_with_its_answer_or_crashes_like_any_other() -> None:
    paused = journal.FlowPaused(103.0, "approve", "Paused", 200.0)
    fold = folded(*started(), paused)
    assert (fold.run.state, fold.run.state_name, fold.run.due_at) == (FlowRunState.PAUSED, "Paused", 200.0)
    fold.apply(journal.FlowResumed(104.0, "approve", "uid 0"))
    assert (fold.run.state, fold.run.due_at) == (FlowRunState.RUNNING, None)
    assert fold.run.waited == (Wait(103.0, 104.0),)
    vanished = journal.RunEnded(105.0, "retrying", "vanished", "gone", None, None, 1, 115.0, 0, 1)
    run = folded(*started(), paused, vanished).run
    assert (run.state, run.due_at, run.awaits_attempt) == (FlowRunState.RETRYING, 115.0, True)
    assert run.waited == (Wait(103.0, 105.0),)


def test_a_wait_is_kept_once_however_often_and_in_however_many_parts_its_journal_is_read() -> None:
    asked, answered = (
        journal.FlowPaused(103.0, "a", "Paused", None, 4),
        journal.FlowResumed(104.0, "a", "uid 0"),
    )
    again = journal.FlowPaused(105.0, "b", "Paused", None)
    waits = (Wait(103.0, 104.0, 4), Wait(105.0, None))
    run = folded(*started(), asked, asked, answered, answered, again).run
    assert run.waited == waits and run.waited_seconds(108.0) == 4.0 and run.seconds(108.0) == 3.0
    half = folded(*started(), asked).run
    run = folded(answered, again, *ended(), run=half).run
    assert run.waited == (waits[0], Wait(105.0, 109.0)) and run.seconds() == 3.0


def test_who_waits_for_slots_says_for_which_until_it_begins_ends_or_has_them() -> None:
    by_tag = journal.SlotsAwaited(103.0, 1, "tag heavy (4/4)", "AwaitingConcurrencySlot")
    fold = folded(*started(), created(1), by_tag)
    task = fold.tasks[1]
    assert (task.state, task.state_name, task.message) == (
        "pending",
        "AwaitingConcurrencySlot",
        "waits for tag heavy (4/4)",
    )
    fold.apply(journal.TaskStarted(104.0, 1, 1))
    assert (fold.tasks[1].state_name, fold.tasks[1].message) == ("Running", "")
    for id in (0, 1):
        fold.apply(journal.SlotsAwaited(105.0, id, "database (5/5)", ""))
    assert (fold.tasks[1].state_name, fold.tasks[1].message) == ("Running", "waits for database (5/5)")
    assert (fold.run.state, fold.run.message) == ("running", "waits for database (5/5)")
    for id in (0, 1):
        fold.apply(journal.SlotsAwaited(106.0, id, "", ""))
    assert fold.tasks[1].message == fold.run.message == ""
    fold.apply(finished(1))
    fold.apply(by_tag)
    assert fold.tasks[1].message == ""


@pytest.mark.parametrize("torn", [False, True], ids=["whole", "torn"])
def test_a_suspended_run_waits_without_a_process_and_its_attempt_is_kept(torn: bool) -> None:
    paused = [] if torn else [journal.FlowPaused(103.0, "approve", "Suspended", 200.0)]
    word = journal.RunEnded(104.0, "paused", "returned", "waits for an answer", 0, None)
    fold = folded(*started(), created(1, "running"), finished(1), *paused, word)
    assert (fold.run.state, fold.run.state_name, fold.run.awaits_attempt) == ("paused", "Suspended", True)
    assert (fold.run.ended_at, fold.run.message, fold.is_over) == (None, "waits for an answer", False)
    assert [(one.attempt, one.state_name) for one in fold.ended_attempts] == [(1, "Suspended")]
    asked_at = 104.0 if torn else 103.0
    assert fold.run.waited == (Wait(asked_at, None),)
    assert fold.ended_attempts[0].waited == (() if torn else (Wait(103.0, 104.0),))
    begun = journal.RunStarted(150.0, 2, 10, 11, "host", "3.11")
    assert folded(begun, run=fold.run).run.waited == (Wait(asked_at, 150.0),)
    pending = fold.run._replace(state=FlowRunState.PENDING, awaits_attempt=False)
    assert folded(begun, run=pending).run.waited == (Wait(asked_at, 150.0),)


def test_a_retrying_flow_says_when_it_goes_on() -> None:
    fold = folded(*started(), journal.FlowRetrying(103.0, 1, 133.0, FAILURE))
    assert (fold.run.state, fold.run.due_at, fold.run.failure) == (FlowRunState.RETRYING, 133.0, FAILURE)
    fold.apply(journal.FlowStarted(133.0, "etl", "brave-otter", 2, "", {}, []))
    run = fold.run
    assert (run.state, run.due_at, run.tries, run.failure) == (FlowRunState.RUNNING, None, 2, None)
    assert run.started_at == 101.0


def test_a_cancelled_run_goes_by_way_of_cancelling() -> None:
    fold = folded(*started(), journal.RunCancelling(103.0, "uid 0"))
    assert fold.run.state is FlowRunState.CANCELLING and fold.cancelling_seen
    fold.apply(journal.RunEnded(104.0, "cancelled", "cancelled", "", None, "SIGTERM"))
    assert fold.run.state is FlowRunState.CANCELLED


def test_what_is_over_never_changes_again() -> None:
    over = folded(*started(), *ended())
    before = over.run
    for event in [
        *started(200.0),
        *ended(300.0, "failed", "error"),
        created(1),
        journal.RunCancelling(1.0, "x"),
    ]:
        over.apply(event)
    assert over.run == before and not over.tasks


def test_a_run_whose_start_was_torn_completes_all_the_same() -> None:
    assert folded(*ended()).run.state is FlowRunState.COMPLETED


def test_a_task_that_begins_at_once_is_in_its_first_try() -> None:
    task = folded(created(1, "running")).tasks[1]
    assert (task.state, task.tries, task.started_at) == (TaskRunState.RUNNING, 1, 102.0)


def test_a_task_keeps_its_first_start_over_its_tries() -> None:
    fold = folded(
        created(1),
        journal.TaskStarted(103.0, 1, 1),
        journal.TaskRetrying(104.0, 1, 1, 114.0, FAILURE),
    )
    assert (fold.tasks[1].state, fold.tasks[1].due_at) == (TaskRunState.RETRYING, 114.0)
    fold.apply(journal.TaskStarted(114.0, 1, 2))
    fold.apply(journal.TaskRenamed(114.5, 1, "load-all"))
    fold.apply(finished(1, at=115.0))
    task = fold.tasks[1]
    assert (task.state, task.tries, task.started_at, task.ended_at) == ("completed", 2, 103.0, 115.0)
    assert (task.run_name, task.due_at, task.failure) == ("load-all", None, None)


@pytest.mark.parametrize(
    ("state", "waiting", "at_work"),
    [
        ("crashed", TaskRunState.SKIPPED, TaskRunState.CRASHED),
        ("failed", TaskRunState.SKIPPED, TaskRunState.CRASHED),
        ("cancelled", TaskRunState.CANCELLED, TaskRunState.CANCELLED),
    ],
)
def test_tasks_that_the_end_left_active_are_closed(
    state: str, waiting: TaskRunState, at_work: TaskRunState
) -> None:
    fold = folded(*started(), created(1), created(2, "running"), created(3, "running"), finished(3))
    fold.apply(journal.RunEnded(109.0, state, "vanished", "", None, None))
    fold.close_tasks([])
    assert [fold.tasks[id].state for id in (1, 2, 3)] == [waiting, at_work, "completed"]
    assert (fold.tasks[2].ended_at, fold.tasks[2].reason) == (109.0, "vanished")
    assert fold.tasks[2].message


@pytest.mark.parametrize("seed", range(20))
def test_any_order_and_any_repetition_ends_in_legal_states(seed: int) -> None:
    chance = random.Random(seed)
    events = [
        *mapped(6),
        journal.TaskRetrying(104.0, 3, 1, 5.0, FAILURE),
        journal.FlowRetrying(1.0, 1, 2.0, FAILURE),
    ]
    events += chance.choices(events, k=30)
    chance.shuffle(events)
    fold = folded(*events, journal.RunEnded(110.0, "failed", "error", "", 1, None))
    fold.close_tasks([])
    assert fold.is_over
    assert all(task.state in TASK_TERMINAL and task.ended_at for task in fold.tasks.values())


def test_folding_a_journal_twice_is_folding_it_once() -> None:
    once = folded(*mapped(5))
    again = Fold(once.run, None, once.tasks)
    for event in mapped(5):
        again.apply(event)
    assert again.run == once.run
    assert not again.new_tasks and not again.changed_tasks


def test_each_try_of_a_task_has_its_times_and_what_it_failed_with() -> None:
    fold = folded(
        *started(),
        created(1, "running", at=102.0),
        journal.TaskRetrying(103.0, 1, 1, 105.0, FAILURE),
        journal.TaskStarted(105.5, 1, 2),
        finished(1, at=107.0),
        created(2, "running", at=102.0),
        finished(2),
    )
    assert fold.tasks[1].tried == (Try(102.0, 103.0, "ValueError: no"), Try(105.5, 107.0, ""))
    assert fold.tasks[2].tried == ()


def test_a_try_that_its_run_left_behind_ends_with_the_run() -> None:
    fold = folded(*started(), created(1, "running"), journal.TaskRetrying(103.0, 1, 1, 105.0, FAILURE))
    fold.apply(journal.TaskStarted(105.0, 1, 2))
    fold.apply(journal.RunEnded(109.0, "crashed", "vanished", "", None, None))
    fold.close_tasks([])
    assert fold.tasks[1].tried[-1] == Try(105.0, 109.0, "")


def test_where_an_attempt_ran_and_what_it_used_is_known_of_the_last_one() -> None:
    fold = folded(*started(), *ended()[:1], ended()[1]._replace(max_rss_bytes=2**20, cpu_seconds=0.5))
    run = fold.run
    assert (run.host, run.worker_pid, run.max_rss_bytes, run.cpu_seconds) == ("here", 11, 2**20, 0.5)


def test_a_word_that_is_no_state_is_refused() -> None:
    fold = folded(*started())
    with pytest.raises(ValueError):
        fold.apply(journal.RunEnded(1.0, "exploded", "error", "", 1, None))
    with pytest.raises(ValueError):
        fold.apply(finished(1, "exploded"))


def test_what_was_stored_is_told_from_what_is_new() -> None:
    stored = TaskRun(*folded(created(1)).tasks[1])
    fold = Fold(a_run(), None, {1: stored, 3: stored})
    fold.apply(finished(1))
    fold.apply(created(2))
    assert fold.new_tasks == [fold.tasks[2]]
    assert fold.changed_tasks == [(stored, fold.tasks[1])]
