"""Whom one may ask where it stands: no process that was not made ready for it ever gets a signal."""

import os
import select
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.store.rows import a_run
from tests.waiting import wait_until
from tui_flow.client import stacks
from tui_flow.contract.errors import NotRunning
from tui_flow.contract.rundir import LOCK, STACKS, run_dir
from tui_flow.contract.stacks import Frame, decode
from tui_flow.contract.states import FlowRunState

KEEPER = """
import subprocess, sys, time
from pathlib import Path
from tui_flow.contract.rundir import take_lock
fd = take_lock(Path(sys.argv[1]) / "lock")
child = subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]], stdout=1)
child.wait()
print("the child ended:", child.returncode, flush=True)
"""
UNPREPARED = """
import time
print("up", flush=True)
time.sleep(60)
"""
HANDLES_BUT_HAS_NO_FILE = """
import signal, sys, time
from tui_flow.contract.stacks import ASK, DUMP
for number in (ASK, DUMP):
    signal.signal(number, lambda *_: sys.exit("it was signalled"))
print("up", flush=True)
time.sleep(60)
"""
HAS_THE_FILE_BUT_HANDLES_NOTHING = """
import sys, time
file = open(sys.argv[1] + "/stacks", "a")
print("up", flush=True)
time.sleep(60)
"""
PREPARED = """
import sys, time, threading
from pathlib import Path
from tui_flow.sdk.stacks import answer_when_asked
assert answer_when_asked(Path(sys.argv[1]))
def turn(depth=0):
    return turn(depth + 1) if depth < 40 else [list(range(9)) for _ in range(3)]
def work():
    while True:
        turn()
for _ in range(3):
    threading.Thread(target=work, name="hot", daemon=True).start()
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    run_dir(tmp_path, 1).mkdir(parents=True)
    (run_dir(tmp_path, 1) / STACKS).touch()
    return tmp_path


@contextmanager
def kept(state_dir: Path, code: str) -> Iterator["subprocess.Popen[str]"]:
    """A keeper of run 1 with one child that does this. Its output says whether that has ended."""
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(run_dir(state_dir, 1)), textwrap.dedent(code)],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "up\n"
        yield keeper
    finally:
        os.killpg(keeper.pid, 9)
        keeper.wait()
        keeper.stdout.close()


def is_still_up(keeper: "subprocess.Popen[str]") -> bool:
    """Whether its child has not ended, and does not do so in the moment that a signal takes."""
    ready, _, _ = select.select([keeper.stdout], [], [], 0.2)
    return not ready and keeper.poll() is None


@pytest.mark.parametrize(
    "code",
    [UNPREPARED, HANDLES_BUT_HAS_NO_FILE, HAS_THE_FILE_BUT_HANDLES_NOTHING],
    ids=["unprepared", "no-file", "no-handler"],
)
def test_a_process_that_was_not_made_ready_gets_no_signal(state_dir: Path, code: str) -> None:
    with kept(state_dir, code) as keeper:
        (found,) = stacks.ask_for_stacks(state_dir, a_run(1, state=FlowRunState.RUNNING), seconds=0.3)
        assert (found.how, found.standings, found.parent) == ("none", [], keeper.pid)
        assert is_still_up(keeper)


def test_asking_again_and_again_does_threads_no_harm_that_never_stand_still(state_dir: Path) -> None:
    run = a_run(1, state=FlowRunState.RUNNING)
    with kept(state_dir, PREPARED) as keeper:
        for _ in range(40):
            (found,) = stacks.ask_for_stacks(state_dir, run, seconds=10)
            assert found.how == "asked", found
            main, *others = found.standings
            assert (main.name, main.is_main, main.frames[-1].function) == ("MainThread", True, "<module>")
            assert [(one.name, one.is_main) for one in others] == [("hot", False)] * 3
            assert {"work", "turn"} & {frame.function for frame in others[0].frames}
        assert is_still_up(keeper)


def test_threads_at_work_are_never_read_by_force(state_dir: Path) -> None:
    """Their frames change while they are read: the process would be likely to die of it."""
    hangs = PREPARED.replace("import sys, time", "import ctypes, sys, time").replace(
        "time.sleep(60)",
        "lib, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(64)\n"
        "lib.pthread_mutex_lock(mutex), lib.pthread_mutex_lock(mutex)",
    )
    with kept(state_dir, hangs) as keeper:
        run = a_run(1, state=FlowRunState.RUNNING)
        found = wait_until(  # until its main thread has come to the lock
            lambda: [one for one in stacks.ask_for_stacks(state_dir, run, seconds=0.3) if one.how != "asked"]
        )
        assert [(one.how, "cannot be read safely" in one.note) for one in found] == [("none", True)]
        assert is_still_up(keeper)


def test_a_stopped_process_says_so(state_dir: Path) -> None:
    with kept(state_dir, PREPARED) as keeper:
        child = _child_of(keeper.pid)
        os.kill(child, 19)
        wait_until(lambda: stacks._state(child) == "T")
        began = time.monotonic()
        (found,) = stacks.ask_for_stacks(state_dir, a_run(1, state=FlowRunState.RUNNING))
        assert time.monotonic() - began < 1
        assert (found.how, f"kill -CONT {child}" in found.note) == ("none", True)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (FlowRunState.COMPLETED, "is over: completed"),
        (FlowRunState.PENDING, "has not started yet"),
        (FlowRunState.RETRYING, "no process is there to be asked"),
    ],
    ids=["over", "waiting", "between-tries"],
)
def test_a_run_without_a_process_says_what_it_does(state_dir: Path, state: FlowRunState, says: str) -> None:
    (run_dir(state_dir, 1) / LOCK).touch()
    with pytest.raises(NotRunning, match=says) as refused:
        stacks.ask_for_stacks(state_dir, a_run(1, state=state))
    assert "tui-flow show 1" in refused.value.next


def test_a_dump_is_read_back_with_what_was_escaped_in_it() -> None:
    found = stacks.decode_dump(
        "Thread 0x00007f (most recent call first):\n"
        '  File "/p/flows/caf\\xe9.py", line 7 in w\\u0142adowanie\n'
        '  File "/usr/lib/python3.11/threading.py", line ??? in run\n'
        "  ...\n"
        "\n"
        "Current thread 0x00008f [main] (most recent call first):\n"
        "  <no Python frame>\n"
    )
    assert [(one.name, one.frames) for one in found] == [
        (
            "",
            [Frame("/usr/lib/python3.11/threading.py", 0, "run"), Frame("/p/flows/café.py", 7, "władowanie")],
        ),
        ("main", []),
    ]


@pytest.mark.parametrize("line", [b"", b"{", b"[1]", b'{"pid": 1}', b'{"pid": 1, "standings": [{}]}'])
def test_what_is_no_answer_is_passed_over(line: bytes) -> None:
    assert decode(line) is None


def _child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
