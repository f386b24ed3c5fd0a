"""The files of a run, as they are written."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_flow.contract import journal, log, rundir
from tui_flow.contract.failure import Failure
from tui_flow.sdk import recorder

times = st.floats(min_value=0, max_value=4e9)
text = st.text(max_size=40)
words = st.sampled_from(["pending", "running", "completed"])
numbers = st.integers(min_value=0, max_value=10**6)
maybe = st.none() | numbers
events = st.one_of(
    st.builds(
        journal.TaskCreated, times, numbers, numbers, st.sampled_from(["task", "flow"]), text, text, words, maybe,
        maybe, st.lists(numbers, max_size=3), st.lists(text, max_size=3), numbers,
    ),
    st.builds(journal.TaskStarted, times, numbers, numbers),
    st.builds(journal.TaskFinished, times, numbers, words, text, words, text, st.none()),
    st.builds(
        journal.TaskFinished, times, numbers, words, text, words, text,
        st.builds(Failure, text, text, text, text, numbers, text),
    ),
)  # fmt: skip


@given(events)
def test_the_hot_events_are_written_as_they_are_read(event: journal.Event) -> None:
    line = journal.encode(event)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert line.isascii()
    assert journal.decode(line) == event


def test_each_event_and_each_record_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    write = os.write

    def noted(fd: int, data: bytes) -> int:
        written.append(bytes(data))
        return write(fd, data)

    monkeypatch.setattr(recorder.os, "write", noted)
    own = recorder.RunRecorder(tmp_path)
    own.record(journal.TaskStarted(1.0, 1, 1))
    own.log(1.0, "INFO", 0, 1, "a", "one\ntwo")
    assert written == [
        journal.encode(journal.TaskStarted(1.0, 1, 1)),
        log.encode(1.0, "INFO", 0, 1, "a", "one\ntwo"),
    ]


def test_a_full_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    monkeypatch.setattr(recorder, "RETRY_SECONDS", 0.0)
    write, answers = os.write, iter([OSError(errno.ENOSPC, "full"), 5, OSError(errno.ENOSPC, "full"), None])

    def grudging(fd: int, data: bytes) -> int:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return write(fd, data[:answer])

    own = recorder.RunRecorder(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(recorder.os, "write", grudging)
        own.record(journal.TaskStarted(1.0, 1, 1))
    assert (tmp_path / rundir.JOURNAL).read_bytes() == journal.encode(journal.TaskStarted(1.0, 1, 1))


def test_other_errors_are_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = recorder.RunRecorder(tmp_path)

    def broken(fd: int, data: bytes) -> int:
        raise OSError(5, "input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(recorder.os, "write", broken)
        with pytest.raises(OSError, match="input/output"):
            own.record(journal.TaskStarted(1.0, 1, 1))


def test_files_are_the_owners_alone_and_links_are_refused(tmp_path: Path) -> None:
    recorder.RunRecorder(tmp_path)
    assert (tmp_path / rundir.JOURNAL).stat().st_mode & 0o777 == 0o600
    other = tmp_path / "other"
    other.mkdir()
    (other / rundir.JOURNAL).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        recorder.RunRecorder(other)


def test_nothing_is_written_after_the_end(tmp_path: Path) -> None:
    own = recorder.RunRecorder(tmp_path)
    own.close()
    own.record(journal.TaskStarted(1.0, 1, 1))
    own.log(1.0, "INFO", 0, 1, "a", "late")
    assert (tmp_path / rundir.JOURNAL).read_bytes() == (tmp_path / rundir.LOG).read_bytes() == b""


def test_files_that_the_author_closed_are_opened_anew(tmp_path: Path) -> None:
    own = recorder.RunRecorder(tmp_path)
    own.record(journal.TaskStarted(1.0, 1, 1))
    os.close(own._journal._fd)
    own.record(journal.TaskStarted(2.0, 2, 1))
    lines = (tmp_path / rundir.JOURNAL).read_bytes().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [1, 2]
