from pathlib import Path

import pytest

from tests.engine.journals import a_spec
from tests.store.rows import a_run, a_task
from tui_flow.contract import calls, journal, log
from tui_flow.contract.log import LogRecord
from tui_flow.contract.rundir import CALLS, JOURNAL, LOG, keep_source, open_state_dir, run_dir, write_spec
from tui_flow.store.records import FlowRun
from tui_flow.store.what_changed import (
    LogLine,
    Said,
    Sides,
    ValueChange,
    WhatChanged,
    compare,
    diff,
    first_difference,
    texts_of,
)

GOOD = "def load():\n    return 1\n"
BAD = "def load():\n    return 1 / 0\n"


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return open_state_dir(tmp_path)


def leave(
    state_dir: Path, id: int, source: str, *said: bytes, modules: dict[str, str] | None = None,
    versions: dict[str, str] | None = None, **changes: object,
) -> FlowRun:  # fmt: skip
    """A run that is over, and what it left behind."""
    directory = run_dir(state_dir, id)
    directory.mkdir()
    sha = keep_source(state_dir, source.encode())
    kept = {path: keep_source(state_dir, text.encode()) for path, text in (modules or {}).items()}
    started = journal.FlowStarted(100.0, "etl", "", 1, sha, {}, [], kept)
    (directory / JOURNAL).write_bytes(journal.encode(started))
    (directory / CALLS).write_bytes(calls.encode(calls.Environment(1, versions or {})))
    (directory / LOG).write_bytes(b"".join(said))
    return a_run(id, source_sha=sha, started_at=100.0, **changes)


def say(message: str, level: str = "INFO", task: int | None = 0, at: float = 100.0) -> bytes:
    return log.encode(at, level, task, 1, "flow", message)


def compared(state_dir: Path, run: FlowRun, other: FlowRun) -> WhatChanged:
    tasks = [a_task(3, name="load"), a_task(4, name="load", run_name="load-1")]
    return compare(state_dir, Sides(run, other, tasks, [task._replace(id=task.id + 10) for task in tasks]))


def test_code_parameters_versions_and_the_log_are_compared(state_dir: Path) -> None:
    other = leave(
        state_dir, 1, GOOD, say("5 rows", task=14), say("done"), modules={"flows/lib.py": "a = 1\n", "flows/gone.py": ""},
        versions={"pandas": "2.1", "python": "3.11"}, parameters={"date": "mon", "limit": 5, "same": [1]},
    )  # fmt: skip
    run = leave(
        state_dir, 2, BAD, say("5 rows", task=4), say("load failed\nat x", "ERROR"), modules={"flows/lib.py": "a = 1\n", "flows/new.py": ""},
        versions={"pandas": "2.2", "python": "3.11"}, parameters={"date": "tue", "full": True, "same": [1]},
    )  # fmt: skip
    found = compared(state_dir, run, other)
    assert [(file.path, file.note) for file in found.files] == [
        ("flows/etl.py", ""), ("flows/gone.py", "is not imported any more"), ("flows/new.py", "is new"),
    ]  # fmt: skip
    assert found.files[0].lines[-2:] == ["-    return 1", "+    return 1 / 0"]
    assert found.parameters == [
        ValueChange("date", "mon", "tue"), ValueChange("full", None, "true"), ValueChange("limit", "5", None),
    ]  # fmt: skip
    assert found.environment == [ValueChange("pandas", "2.1", "2.2")]
    assert found.log is not None
    assert (found.log.before, found.log.now) == (
        LogLine(1, "INFO", "done"),
        LogLine(1, "ERROR", "load failed"),
    )
    assert found.notes == []


def test_of_a_run_that_ended_before_its_flow_began_no_default_is_a_difference(state_dir: Path) -> None:
    other = leave(state_dir, 1, GOOD, parameters={"table": "ok", "region": "eu-west"})
    (run_dir(state_dir, 2)).mkdir()
    run = a_run(2, parameters={"table": "OK"})
    for one in (other, run):
        write_spec(
            run_dir(state_dir, one.id),
            a_spec(one.id, state_dir, parameters={"table": one.parameters["table"]}),
        )
    found = compared(state_dir, run, other)
    assert found.parameters == [ValueChange("table", "ok", "OK")]
    assert [file.note for file in found.files] == ["cannot be compared: run 2 ended before its code began"]


def test_two_runs_that_are_the_same_do_not_differ(state_dir: Path) -> None:
    name = {"run_name": "brave-otter"}
    other = leave(state_dir, 1, GOOD, say("run brave-otter took 3.2 s at 12:00:01, pid 77, run 1"), **name)
    run = leave(
        state_dir, 2, GOOD, say("run calm-fox took 9 s at 23:59:59, pid 8, run 2"), run_name="calm-fox"
    )
    found = compared(state_dir, run, other)
    assert (found.files, found.parameters, found.environment, found.log) == ([], [], [], None)


def test_what_is_gone_is_noted_and_the_rest_is_compared(state_dir: Path) -> None:
    run = leave(state_dir, 2, GOOD, say("hello"))
    found = compared(state_dir, run, a_run(1, source_sha="0" * 64))
    assert found.notes == ["run 1 has no run directory any more: its log and versions are gone"]
    assert [(file.path, file.note) for file in found.files] == [
        ("flows/etl.py", "has changed; its text was not kept")
    ]
    assert found.log is not None and found.log.before is None


def test_the_texts_of_the_last_attempt_count(state_dir: Path) -> None:
    run = leave(state_dir, 1, GOOD, modules={"flows/lib.py": "a"})
    sha = keep_source(state_dir, BAD.encode())
    with (run_dir(state_dir, 1) / JOURNAL).open("ab") as file:
        file.write(b"torn\n" + journal.encode(journal.FlowStarted(200.0, "etl", "", 1, sha, {}, [], {})))
    assert texts_of(state_dir, run) == {"flows/etl.py": sha}


def test_only_the_last_attempts_lines_are_compared(state_dir: Path) -> None:
    other = leave(state_dir, 1, GOOD, say("hello"))
    run = leave(state_dir, 2, GOOD, say("an earlier attempt", at=50.0), say("hello"))
    assert compared(state_dir, run, other).log is None


def test_the_names_of_nested_flows_runs_are_no_difference(state_dir: Path) -> None:
    other = leave(state_dir, 1, GOOD, say("Begins run 'patient-swan' of flow 'extract'"), say("loaded"))
    run = leave(state_dir, 2, GOOD, say("Begins run 'quiet-cricket' of flow 'extract'"), say("load failed"))
    nested = a_task(3, name="extract", kind="flow", run_name="quiet-cricket")
    sides = Sides(run, other, [nested], [nested._replace(run_name="patient-swan")])
    found = compare(state_dir, sides).log
    assert found is not None and found.now is not None and found.now.text == "load failed"


def test_a_text_that_is_too_long_is_only_told_to_be_another() -> None:
    assert diff("a.py", "x\n" * 30_000, "y\n").lines == []
    assert "too many" in diff("a.py", "x\n" * 30_000, "y\n").note
    assert diff("a.py", "x\n", "x\r\n") == ("a.py", [], "differs in its line ends")


def said(*texts: str, level: str = "INFO") -> list[Said]:
    """Records as "task: message", in the order in which they were written."""
    found = []
    for line, text in enumerate(texts):
        who, _, message = text.partition(": ")
        found.append(Said((who, 0), who, line, LogRecord("", level, 1, 1, "flow", message)))
    return found


def test_tasks_that_ran_side_by_side_may_speak_in_any_order() -> None:
    assert first_difference(said("a: one", "b: one", "a: two"), said("b: one", "a: one", "a: two")) is None


@pytest.mark.parametrize(
    ("before", "now", "difference"),
    [
        (["a: one", "b: 1 row"], ["b: 2 rows", "a: one"], ("b", "1 row", "2 rows")),
        (["a: one"], ["a: one", "a: two"], ("a", None, "two")),
        (["a: one", "b: x"], ["a: one"], ("b", "x", None)),
        (["a: took 3 ms\nthen x"], ["a: took 9 ms\nthen y"], ("a", "then x", "then y")),
        (["a: x"], ["a: x\nand more"], ("a", "x", "and more")),
    ],
    ids=["another", "more", "silent", "second line", "longer"],
)  # fmt: skip
def test_the_first_line_that_differs_is_found(
    before: list[str], now: list[str], difference: tuple[str, str | None, str | None]
) -> None:
    found = first_difference(said(*before), said(*now))
    assert found is not None
    texts = [side.text if side else None for side in (found.before, found.now)]
    assert (found.who, *texts) == difference


def test_another_level_is_a_difference() -> None:
    assert first_difference(said("a: x"), said("a: x", level="ERROR")) is not None
