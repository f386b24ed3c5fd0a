"""Slots of named limits: never too many at once, and none is lost, whoever dies or forks."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tui_flow.contract import limits
from tui_flow.contract.limits import Hold, Limit

HOLDER = """
import sys, time
from pathlib import Path
from tui_flow.contract import limits
found = limits.acquire(Path(sys.argv[1]), [limits.load(Path(sys.argv[1]), name) for name in sys.argv[3:]], int(sys.argv[2]), "another", keeps=True)
print(isinstance(found, limits.Hold), flush=True)
sys.stdin.read()
"""


def a_limit(folder: Path, name: str = "db", limit: int = 3, refill: float = 0.0) -> Limit:
    limits.save(folder, Limit(name, limit, refill))
    found = limits.load(folder, name)
    assert found is not None
    return found


def take(folder: Path, *wanted: Limit, occupy: int = 1, keeps: bool = True) -> Hold | float:
    return limits.acquire(folder, list(wanted), occupy, "this test", keeps=keeps)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[list["subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def hold_elsewhere(
    folder: Path, started: list["subprocess.Popen[str]"], occupy: int, *names: str
) -> "subprocess.Popen[str]":
    """Another process that has slots."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(occupy), *names],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    started.append(process)
    assert process.stdout is not None and process.stdout.readline() == "True\n"
    return process


def test_there_are_so_many_slots_and_each_is_free_again_when_it_is_let_go_of(tmp_path: Path) -> None:
    limit = a_limit(tmp_path)
    held = [take(tmp_path, limit), take(tmp_path, limit, occupy=2)]
    assert all(isinstance(one, Hold) for one in held) and isinstance(take(tmp_path, limit), float)
    assert isinstance(held[0], Hold)
    held[0].release()
    held[0].release()
    again = take(tmp_path, limit)
    assert isinstance(again, Hold) and isinstance(take(tmp_path, limit), float)
    for one in (again, held[1]):
        assert isinstance(one, Hold)
        one.release()


def test_slots_of_several_limits_are_had_together_or_not_at_all(tmp_path: Path) -> None:
    wide, narrow = a_limit(tmp_path, "wide", 2), a_limit(tmp_path, "narrow", 1)
    one = take(tmp_path, narrow)
    assert isinstance(one, Hold) and isinstance(take(tmp_path, wide, narrow), float)
    both = take(tmp_path, wide, occupy=2)
    assert isinstance(both, Hold), "the refused one left nothing behind"
    one.release()
    both.release()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "told to end"])
def test_the_slots_of_who_dies_are_free_at_once(
    tmp_path: Path, other: list["subprocess.Popen[str]"], end: signal.Signals
) -> None:
    limit = a_limit(tmp_path)
    process = hold_elsewhere(tmp_path, other, 3, "db")
    assert isinstance(take(tmp_path, limit), float)
    assert limits.holders(tmp_path, limit) == ["another"] * 3
    process.send_signal(end)
    process.wait()
    found = take(tmp_path, limit, occupy=3)
    assert isinstance(found, Hold)
    found.release()


def test_a_forked_child_has_no_slots_and_takes_none_away(tmp_path: Path) -> None:
    limit = a_limit(tmp_path, limit=1)
    held = take(tmp_path, limit)
    assert isinstance(held, Hold)
    child = os.fork()
    if child == 0:
        held.release()
        os._exit(0 if isinstance(take(tmp_path, limit), float) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    held.release()
    again = take(tmp_path, limit)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert isinstance(again, Hold), "a child that lives on does not hold what its parent has let go of"
    again.release()


def test_threads_and_processes_together_never_have_more_than_there_are(
    tmp_path: Path, other: list["subprocess.Popen[str]"]
) -> None:
    limit = a_limit(tmp_path, limit=3)
    hold_elsewhere(tmp_path, other, 1, "db")
    at_once, most, done = [0], [0], [0]
    lock = threading.Lock()

    def work() -> None:
        while True:
            found = take(tmp_path, limit)
            if isinstance(found, Hold):
                break
            time.sleep(0.001)
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        time.sleep(0.002)
        with lock:
            at_once[0] -= 1
            done[0] += 1
        found.release()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (done[0], most[0]) == (20, 2)


def test_a_limit_may_be_changed_while_slots_are_held(
    tmp_path: Path, other: list["subprocess.Popen[str]"]
) -> None:
    a_limit(tmp_path, limit=5)
    process = hold_elsewhere(tmp_path, other, 4, "db")
    fewer = a_limit(tmp_path, limit=2)
    assert isinstance(take(tmp_path, fewer), float)
    more = a_limit(tmp_path, limit=5)
    one = take(tmp_path, more)
    assert isinstance(one, Hold) and isinstance(take(tmp_path, more), float)
    one.release()
    process.kill()
    process.wait()
    found = take(tmp_path, fewer, occupy=2)
    assert isinstance(found, Hold) and isinstance(take(tmp_path, fewer), float)
    found.release()


def test_what_refills_comes_back_by_itself_and_says_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(limits.time, "time", lambda: now[0])
    limit = a_limit(tmp_path, limit=4, refill=2.0)
    assert isinstance(take(tmp_path, limit, occupy=4, keeps=False), Hold)
    assert take(tmp_path, limit, keeps=False) == pytest.approx(0.5)
    now[0] += 0.5
    assert isinstance(take(tmp_path, limit, keeps=False), Hold)
    assert take(tmp_path, limit, occupy=3, keeps=False) == pytest.approx(1.5)
    now[0] -= 500.0  # the clock is set back
    assert take(tmp_path, limit, keeps=False) == pytest.approx(0.5)
    now[0] += 5000.0
    assert limits.used_up(tmp_path, limit) == 0.0
    held = take(tmp_path, limit, occupy=4)
    assert isinstance(held, Hold)
    held.release()
    assert take(tmp_path, limit) == pytest.approx(0.5), "held and let go of, they come back no faster"


def test_what_is_no_limit_is_refused_and_what_is_damaged_lets_nobody_pass(tmp_path: Path) -> None:
    for name in ("", "a/b", "..", "%", "x" * 101, "a\nb"):
        with pytest.raises(ValueError, match="name"):
            limits.save(tmp_path, Limit(name, 1))
    for limit in (Limit("a", -1), Limit("a", 1, -0.5), Limit("a", 10_001)):
        with pytest.raises(ValueError):
            limits.save(tmp_path, limit)
    assert limits.list_limits(tmp_path) == [] and limits.load(tmp_path, "db") is None
    a_limit(tmp_path)
    assert limits.exists(tmp_path, "db") and not limits.exists(tmp_path, "../db")
    (tmp_path / "limits" / "db" / "limit.json").write_text("{")
    damaged = limits.load(tmp_path, "db")
    assert damaged == Limit("db", 0) and isinstance(take(tmp_path, damaged), float)
    assert limits.remove(tmp_path, "db") and not limits.remove(tmp_path, "db")


def test_nobody_waits_long_for_who_is_counting(tmp_path: Path, other: list["subprocess.Popen[str]"]) -> None:
    limit = a_limit(tmp_path)
    turn = tmp_path / "limits" / "db" / "turn"
    script = "import sys; from pathlib import Path; from tui_flow.contract.rundir import take_lock; take_lock(Path(sys.argv[1])); print(1, flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(turn)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    other.append(process)
    assert process.stdout is not None and process.stdout.readline()
    assert take(tmp_path, limit) == limits.AGAIN_SECONDS
    process.kill()
    held = wait_until(lambda: isinstance(found := take(tmp_path, limit), Hold) and found)
    assert isinstance(held, Hold)
    held.release()


def test_limits_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        held = take(tmp_path, a_limit(tmp_path, refill=1.0))
    finally:
        os.umask(before)
    assert isinstance(held, Hold)
    found = {
        path.relative_to(tmp_path).as_posix(): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")
    }
    assert {found[name] for name in ("limits", "limits/db")} == {0o700}
    assert {mode for name, mode in found.items() if name.count("/") > 1} == {0o600}
    held.release()


CROWD = """
import os, sys, time
from pathlib import Path
from tui_flow.contract import limits
from tui_flow.contract.rundir import take_lock
folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
limit = limits.load(folder, "db")
for _ in range(rounds):
    while isinstance(found := limits.acquire(folder, [limit], 1, "x", keeps=True), float):
        time.sleep(found / 20)
    witnesses = (take_lock(folder / f"witness-{number}") for number in range(limit.limit))
    mine = next((fd for fd in witnesses if fd is not None), None)
    if mine is None:
        print("more than there are slots", flush=True)
    time.sleep(0.001)
    if mine is not None:
        os.close(mine)
    found.release()
print("done", flush=True)
"""


def test_a_crowd_of_processes_of_which_some_are_killed_never_has_too_many_slots_and_loses_none(
    tmp_path: Path, other: list["subprocess.Popen[str]"]
) -> None:
    """Each holder also takes one of as many locks as there are slots: where none is free, there was one too many."""
    a_limit(tmp_path, limit=2)
    command = [sys.executable, "-c", CROWD, str(tmp_path), "60"]
    for _ in range(6):
        other.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True))
    for dying in other[:3]:
        wait_until(lambda: limits.holders(tmp_path, Limit("db", 2)))
        dying.kill()
    said = [process.communicate(timeout=60)[0] for process in other[3:]]
    assert said == ["done\n"] * 3
    found = take(tmp_path, Limit("db", 2), occupy=2)
    assert isinstance(found, Hold)
    found.release()
