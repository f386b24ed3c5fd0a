"""What a run prints is in its log, as it came and within limits."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.project import Project, temporary_project
from tests.sdk.keeping import Make, endless, reported
from tui_flow.cli.log_lines import LogReader
from tui_flow.contract import journal
from tui_flow.sdk import keeper
from tui_flow.sdk.recorder import RunRecorder


def printing(*pieces: bytes) -> Callable[..., int]:
    def work(spec, directory, wait) -> int:
        for piece in pieces:
            while piece:
                piece = piece[os.write(1, piece) :]
        return reported(spec, directory, wait)

    return work


def test_lines_are_kept_as_they_came(make: Make) -> None:
    kept = make()
    kept.run(printing(b"one\ntw", b"o\r\n\n\tthree\x1b[0m\n", b"without an end"))
    assert kept.lines("stdout") == ["one", "two", "", "\tthree\x1b[0m", "without an end"]


def test_binary_output_harms_nothing(make: Make) -> None:
    kept = make()
    kept.run(printing(bytes(range(256)) * 4 + b"\nafter\n"))
    assert bytes(range(11, 256)) in kept.log
    assert kept.lines("stdout")[-1] == "after"


def test_a_line_that_is_too_long_becomes_several(make: Make) -> None:
    kept = make()
    kept.run(printing(b"x" * 200_000, b"y\nshort\n"))
    *pieces, short = kept.lines("stdout")
    assert "".join(pieces) == "x" * 200_000 + "y"
    assert max(map(len, pieces)) <= 64 * 1024
    assert short == "short"


@pytest.mark.parametrize("line", [b"z" * 79 + b"\n", b"\n", b"\0" * 80])
def test_of_a_flood_the_beginning_and_the_end_are_kept_and_the_gap_is_counted(
    make: Make, line: bytes
) -> None:
    flood = b"first\n" + line * (20_000_000 // max(20, len(line))) + b"\nlast\n"
    kept = make(log_mb=1)
    assert kept.run(printing(flood)).state == "completed"
    assert 900_000 < len(kept.log) <= 1024 * 1024 + 200
    (mark,) = kept.lines("tui_flow.keeper")
    dropped, *words = mark.split()
    assert words == ["bytes", "dropped"]
    assert int(dropped.replace(",", "")) + len(kept.log) > len(flood)
    said = kept.lines("stdout")
    assert (said[0], said[-1]) == ("first", "last")
    head = kept.log.index(b"bytes dropped")
    assert 190_000 < head < 220_000


def test_a_log_below_its_cap_is_kept_whole(make: Make) -> None:
    kept = make(log_mb=1)
    kept.run(printing(b"x" * 99 + b"\n" + b"y\n" * 10_000))
    assert len(kept.lines("stdout")) == 10_001
    assert kept.lines("tui_flow.keeper") == []


def test_what_the_flow_logs_itself_counts_and_is_never_lost_in_between(make: Make) -> None:
    """The worker goes on in the new file; what it wrote to the old one until then is fetched."""

    def logging(spec, directory, wait) -> int:
        wait()
        recorder = RunRecorder(directory)
        for number in range(60):
            os.write(1, b"p" * 60_000 + b"\n")
            recorder.log(time.time(), "INFO", 0, 1, "flow", f"own line {number}")
            time.sleep(0.04)
        recorder.record(journal.FlowFinished(time.time(), "completed", "Completed", "returned", "", None))
        return 0

    kept = make(log_mb=1)
    assert kept.run(logging).state == "completed"
    own = [int(text.split()[-1]) for text in kept.lines("flow")]
    assert own == sorted(set(own))
    assert own[-1] == 59
    first_kept = next(number for number in own if number > own[0] + 5)
    assert own[own.index(first_kept) :] == list(range(first_kept, 60))


def test_a_follower_sees_no_garbage_and_nothing_twice(make: Make) -> None:
    def steady(spec, directory, wait) -> int:
        for number in range(400):
            os.write(1, b"%06d " % number + b"x" * 9_990 + b"\n")
            time.sleep(0.002)
        return reported(spec, directory, wait)

    kept = make(log_mb=1)
    kept.start(steady)
    reader = LogReader(kept.directory / "log")
    seen = []
    while kept.is_guarded or not kept.kinds:
        seen += reader.new_records(whole=False)
        time.sleep(0.01)
    seen += reader.new_records()
    kept.wait()
    numbers = [int(record.message[:6]) for record in seen if record.logger == "stdout"]
    assert all(record.time for record in seen)
    assert numbers == sorted(set(numbers))
    assert (numbers[0], numbers[-1]) == (0, 399)


def test_a_worker_that_closes_its_output_runs_on(make: Make) -> None:
    def closing(spec, directory, wait) -> int:
        os.closerange(0, 3)
        return reported(spec, directory, wait)

    assert make().run(closing).state == "completed"


def test_a_stranger_that_holds_the_pipe_does_not_keep_the_run(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "DAEMON_GRACE_SECONDS", 0.2)
    kept = make()
    kept.start(endless)
    kept.wait_for("at work")
    with open(f"/proc/{kept.started.worker_pid}/fd/1", "wb", buffering=0) as held:
        held.write(b"from outside\n")
        kept.cancel()
        kept.wait(timeout=3)
    assert "from outside" in kept.lines("stdout")


@pytest.mark.soak
@pytest.mark.parametrize("line", [b"z" * 99 + b"\n", b"x" * 100])
def test_a_gigabyte_is_taken_within_a_minute_and_within_flat_memory(make: Make, line: bytes) -> None:
    piece = line * 10_000

    def flooding(spec, directory, wait) -> int:
        for _ in range(1_000):
            rest = piece
            while rest:
                rest = rest[os.write(1, rest) :]
        return reported(spec, directory, wait)

    kept = make()
    began = time.monotonic()
    pid, most = kept.start(flooding), 0
    while kept.is_guarded or not kept.kinds:
        with suppress(OSError, IndexError, ValueError):
            most = max(most, int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096)
        time.sleep(0.05)
    kept.wait(pid)
    seconds = time.monotonic() - began
    print(f"{seconds:.1f} s, {most >> 20} MiB")
    assert seconds < 60
    assert most < 120 << 20
    assert 45 << 20 < len(kept.log) <= (50 << 20) + 200


PRINTS = """
    import asyncio, os, subprocess, sys, threading
    from tui_flow import flow, task
    from tui_flow.task_runners import ProcessPoolTaskRunner

    @task
    def says(n: int):
        print("begins", n, end=" ")
        os.write(1, b"by the process\\n")
        print("ends", n)
        sys.stdout.write("x" * 9000 + f"{n}\\n")
        sys.stdout.buffer.write(f"bytes {n}\\n".encode())
        print("wrong", n, file=sys.stderr)

    @task
    def forks():
        if (pid := os.fork()) == 0:
            print("a fork", flush=True)
            os._exit(0)
        os.waitpid(pid, 0)

    @task
    def starts(n: int):
        for step in range(3):
            print("before", n, step)
            subprocess.run(["sh", "-c", f"echo child {n} {step}; echo wrong {n} {step} >&2"])
        assert subprocess.run(["echo", "mine"], stdout=subprocess.PIPE).stdout == b"mine\\n"
        print("after", n)

    @task
    async def awaits():
        await (await asyncio.create_subprocess_exec("echo", "awaited")).wait()

    @task
    def dies():
        subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 0.1; echo survives its parent"])
        os.kill(os.getpid(), 9)

    @flow
    def prints():
        print("the flow")
        says.map([1, 2, 3]).wait()
        forks()
        starts.map([8, 9]).wait()
        asyncio.run(awaits())
        subprocess.run(["echo", "the flow's child"])
        print("is over")

    @flow
    def is_killed():
        dies()

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
    def pools():
        says.map([1, 2]).wait()
        starts.map([8, 9]).wait()
"""


@pytest.fixture(scope="module")
def printing_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with temporary_project(tmp_path_factory.mktemp("project")) as found:
        found.write("prints.py", PRINTS)
        yield found


@pytest.mark.parametrize("flow", ["prints", "pools"])
def test_what_a_task_prints_is_said_to_be_its(printing_project: Project, flow: str) -> None:
    run = run_of(printing_project, flow, "completed")
    directory = printing_project.state_dir / "runs" / str(run["run_id"])
    records = list(LogReader(directory / "log").new_records())
    said = {(one.task_run, one.message) for one in records if one.logger in ("stdout", "stderr")}
    for task in run["tasks"]:
        if task["name"] == "says":
            n = task["map_index"] + 1
            texts = {f"begins {n} ends {n}", "x" * 9000 + f"{n}", f"bytes {n}", f"wrong {n}"}
            assert {(task["id"], text) for text in texts} <= said
            assert not {text for number, text in said if number != task["id"]} & texts
        if task["name"] == "starts":
            n = task["map_index"] + 8
            mine = [one.message for one in records if one.task_run == task["id"] and one.logger == "stdout"]
            steps = [text for step in range(3) for text in (f"before {n} {step}", f"child {n} {step}")]
            assert mine == [*steps, f"after {n}"]
            assert {(task["id"], f"wrong {n} {step}") for step in range(3)} <= said
    assert (None, "by the process") in said, "whose it is, nobody can tell"
    assert not list(directory.glob("lent-*"))
    if flow == "prints":
        ids = {task["name"]: task["id"] for task in run["tasks"]}
        assert {(ids["forks"], "a fork"), (ids["awaits"], "awaited")} <= said
        assert {(None, "the flow"), (None, "the flow's child"), (None, "is over")} <= said


def test_what_a_child_prints_is_kept_when_its_worker_is_killed(printing_project: Project) -> None:
    run = run_of(printing_project, "is-killed", "crashed")
    log = printing_project.state_dir / "runs" / str(run["run_id"]) / "log"
    (record,) = [one for one in LogReader(log).new_records() if one.message.startswith("survives")]
    assert record.task_run == run["tasks"][0]["id"]


def run_of(project: Project, flow: str, state: str) -> dict[str, Any]:
    """A run of the flow, as the history shows it once it ended so."""
    id = int(project.tui_flow("run", flow, "--detach").stdout)
    project.wait_for_state(id, state)
    return project.ask("show", str(id))  # type: ignore[no-any-return]
