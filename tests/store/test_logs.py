import os
from pathlib import Path

import pytest

from tui_flow.contract import log
from tui_flow.store import logs
from tui_flow.store.log_search import LogQuery, LogScan, Needle
from tui_flow.store.logs import MAX_LINE, LogFile

DEBUG, INFO, WARNING, ERROR, CRITICAL = range(5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def write(path: Path, *records: bytes) -> None:
    with path.open("ab") as file:
        file.writelines(records)


def say(message: str, level: str = "INFO", task: int | None = 0, tries: int = 1) -> bytes:
    return log.encode(1_700_000_000.5, level, task, tries, "flow", message)


def opened(path: Path) -> LogFile:
    file = LogFile(path)
    assert not file.refresh()
    return file


def test_a_log_that_is_not_there_yet_is_empty_and_fills_once_it_is(path: Path) -> None:
    file = LogFile(path)
    assert not file.refresh()
    assert len(file) == 0
    write(path, say("first"))
    file.refresh()
    assert file.record(0).message == "first"


def test_further_lines_of_a_record_are_its_own_and_keep_its_level(path: Path) -> None:
    write(path, say("one"), say("two\nand more\n2026 looks like a header", "ERROR", 3, 2), say("three"))
    file = opened(path)
    assert len(file) == 5
    assert list(file.record_lines(2)) == [1, 2, 3]
    assert file.record(3).message == "two\nand more\n2026 looks like a header"
    assert [file.head(line).level for line in range(5)] == [INFO, ERROR, ERROR, ERROR, INFO]
    assert [file.head(line).goes_on for line in range(5)] == [False, False, True, True, False]
    assert list(file.select(level=ERROR, heads_only=True)) == [1]


def test_selects_by_task_run_try_and_level(path: Path) -> None:
    write(
        path,
        say("flow", task=0),
        say("first try", "ERROR", 7, 1),
        say("second try", "WARNING", 7, 2),
        say("another", "DEBUG", 71, 1),
        say("nobody", task=None),
    )
    file = opened(path)
    assert list(file.select()) == [0, 1, 2, 3, 4]
    assert list(file.select([7])) == [1, 2]
    assert list(file.select([7], tries=2)) == [2]
    assert list(file.select(level=WARNING)) == [1, 2]
    assert list(file.select([7, 71], since=2)) == [2, 3]
    assert list(file.select([5])) == []
    assert file.head(4).task_run is None


def test_a_half_written_line_waits_for_its_end(path: Path) -> None:
    whole = say("whole")
    write(path, whole, whole[:20])
    file = opened(path)
    assert len(file) == 1
    write(path, whole[20:])
    file.refresh()
    assert [file.record(line).message for line in range(2)] == ["whole", "whole"]


def test_appended_lines_are_found_by_the_next_refresh(path: Path) -> None:
    write(path, say("start\nof a record", "ERROR", 4))
    file = opened(path)
    write(path, b"\tthat goes on later\n", say("next", task=4))
    file.refresh()
    assert file.record(2).message == "start\nof a record\nthat goes on later"
    assert file.head(2) == logs.Head(ERROR, 4, 1, True)
    assert list(file.select([4], since=2)) == [2, 3]


def test_a_line_of_ten_megabytes_is_one_line_that_is_read_only_in_part(path: Path) -> None:
    write(path, say("before"), say("x" * 10_000_000), say("after"))
    file = opened(path)
    assert len(file) == 3
    assert file.length(1) > 10_000_000
    assert len(file.text(1)) == MAX_LINE
    assert file.record(2).message == "after"


def test_slices_index_the_same_as_one_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, *(say(f"line {n}\nwith more {n}", "ERROR" if n % 7 == 0 else "INFO", n) for n in range(500)))
    whole = opened(path)
    monkeypatch.setattr(logs, "SLICE", 333)
    sliced = LogFile(path)
    steps = 0
    while sliced.refresh(limit=1000):
        steps += 1
    assert steps > 20
    assert len(sliced) == len(whole) == 1000
    assert all(sliced.head(n) == whole.head(n) and sliced.text(n) == whole.text(n) for n in range(1000))
    assert list(sliced.find("more 49")) == [99, *range(981, 1000, 2)]


def test_finds_text_whatever_its_case_unless_it_has_a_capital(path: Path) -> None:
    write(path, say("Timeout and timeout"), say("nothing"), say("a TIMEOUT"))
    file = opened(path)
    assert list(file.find("timeout")) == [0, 2]
    assert list(file.find("Timeout")) == [0]
    assert list(file.find("timeout", since=1)) == [2]
    assert list(file.find("")) == []


@pytest.mark.parametrize(
    "needles",
    [
        [Needle("timeout")],
        [Needle("Timeout|refused", is_regex=True)],
        [Needle("info")],
        [Needle("flow:")],
        [Needle("second"), Needle("refused")],
        [Needle("second"), Needle("refused", is_not=True)],
        [Needle("é"), Needle("İ")],
    ],
)
def test_one_log_is_searched_as_many_are(
    path: Path, monkeypatch: pytest.MonkeyPatch, needles: list[Needle]
) -> None:
    write(
        path, say("Timeout\nsecond info"), say("é İ timeout"), say("refused\nsecond\nsecond"), say("flow: a")
    )
    monkeypatch.setattr(logs, "SLICE", 60)
    hits = [hit.line for hit in LogScan(LogQuery(tuple(needles))).hits(path)]
    assert list(opened(path).search(needles)) == sorted(hits) != []


def test_what_is_only_not_to_be_there_leaves_whole_records(path: Path) -> None:
    write(path, say("one\nsecond"), say("refused\nsecond"), say("last"))
    assert list(opened(path).search([Needle("refused", is_not=True)])) == [0, 1, 4]


def test_a_shorter_file_is_another_file(path: Path) -> None:
    write(path, say("one"), say("two"))
    file = opened(path)
    os.truncate(path, 0)
    write(path, say("new", "ERROR", 9))
    file.refresh()
    assert len(file) == 1
    assert file.head(0) == logs.Head(ERROR, 9, 1, False)


def test_lines_that_are_no_records_stay_readable(path: Path) -> None:
    write(path, b"\torphan\n", b"garbage\n", b"\n", b"\xff\xfe\x00bytes\n", say("fine", "NOTICE", 2))
    file = opened(path)
    assert len(file) == 5
    assert file.text(1) == "garbage"
    assert file.record(1) is None
    assert "bytes" in file.text(3)
    assert file.head(4) == logs.Head(INFO, 2, 1, False)


def test_a_closed_log_opens_again(path: Path) -> None:
    write(path, say("one"))
    file = opened(path)
    file.close()
    assert file.record(0).message == "one"
    file.close()


def test_a_log_that_was_cut_is_read_anew_and_the_old_one_stays_readable_until_then(path: Path) -> None:
    write(path, *(say(f"line {number}") for number in range(100)))
    file = opened(path)
    new = path.with_name("log.new")
    write(new, say("line 0"), say("50 bytes dropped"), say("line 99"), *(say("more") for _ in range(200)))
    new.rename(path)
    assert file.record(50).message == "line 50"
    generation = file.generation
    file.refresh()
    assert file.generation == generation + 1
    assert len(file) == 203
    assert file.record(1).message == "50 bytes dropped"
    file.close()


def test_rare_lines_of_a_long_log_are_the_ones_that_a_plain_look_finds(path: Path) -> None:
    write(
        path, *(say(f"row {n}\nmore", "ERROR" if n % 97 == 0 else "INFO", task=n % 50) for n in range(4000))
    )
    file = opened(path)
    for task_runs, level in (
        ({7}, 0),
        ({7, 8, 9}, 0),
        (None, ERROR),
        ({3}, ERROR),
        ({99}, 0),
        (set(range(50)), 0),
    ):
        for since in (0, 1, 4001):
            plain = [
                line for line in range(since, len(file))
                if (task_runs is None or file.head(line).task_run in task_runs) and file.head(line).level >= level
            ]  # fmt: skip
            assert list(file.select(task_runs, level=level, since=since)) == plain


def test_the_first_line_since_a_moment_is_found(path: Path) -> None:
    write(path, *(log.encode(100.0 + n, "INFO", 0, 1, "flow", f"row {n}\nmore\nand more") for n in range(50)))
    file = opened(path)
    assert file.first_since(log.stamp_of(0.0)) == 0
    assert file.first_since(log.stamp_of(110.0)) == 30
    assert file.first_since(log.stamp_of(110.5)) == 33
    assert file.first_since(log.stamp_of(1000.0)) == len(file) == 150
