"""What travels: journal lines, commands, changes and errors come back as what they were."""

import json

import pytest

from tests.engine.journals import mapped
from tui_flow.contract import changes, commands, errors, journal, wire
from tui_flow.contract.commands import (
    CancelRun,
    EmitEvent,
    GetStatus,
    KeepEngine,
    PreviewRerun,
    Prune,
    RerunRun,
    RunFlow,
    StopEngine,
    Subscribe,
    Sync,
)
from tui_flow.contract.failure import Failure

FAILURE = Failure("ValueError", "no \x1b[31m\n\udcff ✓", "Traceback …", "flows/etl.py", 3, "load")
EVENTS = [
    *mapped(1),
    journal.FlowRetrying(1.0, 1, 2.0, FAILURE),
    journal.FlowPaused(1.0, "approve", "Suspended", None),
    journal.FlowResumed(1.0, "approve", "uid 0"),
    journal.FlowFinished(1.0, "failed", "Failed", "error", "no", FAILURE),
    journal.RunCancelling(1.0, "uid 0"),
    journal.TaskRenamed(1.0, 1, "é"),
    journal.SlotsAwaited(1.0, 1, "database (5/5)", ""),
    journal.TaskRetrying(1.0, 1, 1, 2.0, FAILURE),
    journal.TaskFinished(1.0, 1, "failed", "Failed", "error", "", FAILURE),
    journal.ArtifactCreated(1.5, "c0ffee", "table", "totals", None, [{"a": None, "b": "ü"}], 3),
    journal.AssetMaterialized(1.5, "s3://b/k", 3, False, "dbt", {"name": "ü"}, {"rows": 1}, ["s3://b/up"]),
    journal.ArtifactUpdated(2.5, "c0ffee", "later", {"done": 1.5, "total": None}),
    journal.EventEmitted(1.0, "c0ffee", "day.closed", "monday", {"n": [1, "é"]}, {"id": "shop"}, 3),
]
COMMANDS = [
    RunFlow("etl", {"n": [1, {"x": None}]}, "name", ["a"], "console"),
    commands.DescribeFile("/etl.py", "etl"), commands.RunFile("/etl.py", "etl", {"n": 1}),
    CancelRun(3, True), PreviewRerun(3), RerunRun(3, {"n": 1}, ["load"], strict=True), EmitEvent("day.closed", {"n": 1}, "monday"), Sync(True), Subscribe(), Prune(), GetStatus(), KeepEngine(), StopEngine(),
    commands.ListSchedules("etl", 3), commands.PauseSchedules("etl", "tick", "why"),
    commands.ResumeSchedules("etl", "tick", True), commands.SkipFireTime("etl", "tick", 5.0),
    commands.UnskipFireTime("etl", "tick", 5.0), commands.AcknowledgeAlerts([1, 2], True),
    commands.MuteAlerts("etl", 3600.0), commands.UnmuteAlerts("etl"), commands.NoteAlert(1, "é", undo=True),
    commands.ServeFlows("0" * 32, [{"path": "/etl.py", "flow": "etl", "name": "nightly"}], 3, False),
    commands.ForgetSchedule("etl", "nightly"),
    commands.StopServing("0" * 32), commands.RunServed("etl", "nightly", {"n": 1}, idempotency_key="k"),
    commands.WaitRun(3, 1.5), commands.AnswerRun(3, {"n": 1}, "approve"),
    commands.ResetSchedule("etl", "tick"), commands.Backfill("etl", 1.0, 2.0, "tick", True, True), commands.GetQueue(),
]  # fmt: skip


def test_every_kind_of_event_is_tried_here() -> None:
    assert {type(event) for event in EVENTS} == set(journal.EVENTS.values())
    assert {type(command) for command in COMMANDS} == set(commands.COMMANDS.values())


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_one_line_and_comes_back(event: journal.Event) -> None:
    line = journal.encode(event)
    assert line.isascii() and line.count(b"\n") == 1 and line.endswith(b"\n")
    assert journal.decode(line) == event
    assert all(journal.decode(line[:end]) is None for end in range(len(line) - 2))


def test_an_event_of_a_later_version_is_read_as_far_as_it_is_known() -> None:
    fields = json.loads(journal.encode(EVENTS[0]))
    assert journal.decode(json.dumps({**fields, "mood": "good"}).encode()) == EVENTS[0]
    failure = {"type": "E", "message": "m", "traceback": "t", "colour": "red"}
    finished = {
        "event": "TaskFinished",
        "at": 1.0,
        "id": 1,
        "state": "failed",
        "state_name": "F",
        "reason": "error",
    }
    event = journal.decode(json.dumps({**finished, "message": "", "failure": failure}).encode())
    assert isinstance(event, journal.TaskFinished) and event.failure == Failure("E", "m", "t")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_a_command_comes_back(command: commands.Command) -> None:
    assert wire.decode_request(wire.encode_request(7, command)) == (7, command)


def test_fields_that_are_left_out_have_their_defaults() -> None:
    line = b'{"v": 1, "id": 1, "command": "RunFlow", "flow": "etl"}'
    assert wire.decode_request(line) == (1, RunFlow("etl"))


@pytest.mark.parametrize(
    "change",
    [changes.Snapshot(1, 2.0), changes.RunChanged(1, "etl", "running"), changes.TasksChanged(1),
     changes.FlowFileChanged("flows/etl.py", "ok"), changes.EngineStopping()],
    ids=lambda change: type(change).__name__,
)  # fmt: skip
def test_a_change_comes_back_with_its_number(change: changes.Change) -> None:
    message = json.loads(changes.encode(41, change))
    assert message["seq"] == 41
    assert changes.decode(message) == change
    assert changes.decode({**message, "change": "FromTheFuture"}) is None


@pytest.mark.parametrize("kind", errors.BY_KIND)
def test_an_error_comes_back_as_what_it_was(kind: str) -> None:
    error = errors.BY_KIND[kind]("what", where="where", next="next")
    again = errors.from_wire(json.loads(json.dumps(errors.to_wire(error))))
    assert type(again) is type(error) and str(again) == "what\nwhere\nnext"


def test_an_error_of_a_later_version_is_an_error_all_the_same() -> None:
    error = errors.from_wire({"kind": "FromTheFuture", "what": "x"})
    assert type(error) is errors.TuiFlowError and str(error) == "x"


def test_a_command_that_no_line_can_carry_is_refused_before_it_is_sent() -> None:
    for number in (float("inf"), float("nan")):
        with pytest.raises(errors.BadParameters, match="finite"):
            wire.encode_request(7, RunFlow("etl", {"n": [number]}))
    deep: list[object] = []
    for _ in range(2_000):
        deep = [deep]
    with pytest.raises(errors.BadParameters, match="too deep"):
        wire.encode_request(7, RunFlow("etl", {"n": deep}))
    with pytest.raises(errors.BadParameters, match="at most 4,194,304") as caught:
        wire.encode_request(7, RunFlow("etl", {"text": "x" * wire.MAX_LINE}))
    assert "file" in caught.value.next and caught.value.exit_code == 2
