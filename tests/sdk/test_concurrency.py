"""`concurrency` and `rate_limit` in flows, tasks and scripts: how many are at work at once, and who waits for whom."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sdk.history import History
from tests.waiting import wait_until
from tui_flow import flow, tags, task
from tui_flow.concurrency import asyncio as asynchronous
from tui_flow.concurrency.sync import concurrency, rate_limit
from tui_flow.contract import journal, limits, rundir
from tui_flow.contract.limits import Hold, Limit
from tui_flow.contract.waiting_line import LINE, STALE_SECONDS, Place
from tui_flow.sdk.exceptions import ConcurrencySlotAcquisitionError


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a project of the test's own, with a limit "two" of 2, and "fast" of 5 that refills by 50 a second."""
    monkeypatch.setenv("TUI_FLOW_PROJECT", str(tmp_path))
    folder = rundir.open_state_dir(tmp_path)
    limits.save(folder, Limit("two", 2))
    limits.save(folder, Limit("fast", 5, 50.0))
    return folder


class AtOnce:
    """Counts how many are inside."""

    def __init__(self) -> None:
        self.now = self.most = self.total = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1
            self.total += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.now -= 1


def test_no_more_tasks_are_inside_than_there_are_slots(state_dir: Path) -> None:
    inside = AtOnce()

    @task
    def work(n: int) -> int:
        with concurrency("two"), inside:
            time.sleep(0.01)
        return n

    @flow
    def all_of_them() -> list[int]:
        return work.map(range(8)).result()

    assert all_of_them() == list(range(8)) and (inside.total, inside.most) == (8, 2)


def test_coroutines_wait_without_holding_up_their_loop(state_dir: Path) -> None:
    inside = AtOnce()

    async def work() -> None:
        async with asynchronous.concurrency(["two"], occupy=1, timeout_seconds=20):
            with inside:
                await asyncio.sleep(0.01)

    async def all_of_them() -> None:
        await asyncio.gather(*(work() for _ in range(6)))

    asyncio.run(all_of_them())
    assert (inside.total, inside.most) == (6, 2)


def waiting(state_dir: Path) -> list[Path]:
    """The places in the line of "two", in their order."""
    line = state_dir / limits.LIMITS / "two" / LINE
    return sorted(line.iterdir()) if line.exists() else []


def test_who_came_first_is_served_first_also_who_wants_more(state_dir: Path) -> None:
    served: list[int] = []

    def enter(number: int, occupy: int) -> None:
        with concurrency("two", occupy=occupy):
            served.append(number)

    threads = []
    with concurrency("two", occupy=1):
        for number, occupy in enumerate([2, 1, 2, 1, 1]):
            threads.append(threading.Thread(target=enter, args=(number, occupy)))
            threads[-1].start()
            wait_until(lambda: len(waiting(state_dir)) == number + 1)  # noqa: B023
        assert served == [], "one slot is free, and it is kept for who wants two"
    for thread in threads:
        thread.join()
    assert served[:3] == [0, 1, 2] and sorted(served) == [0, 1, 2, 3, 4] and waiting(state_dir) == []


def test_who_is_dead_or_does_not_look_holds_nobody_up(state_dir: Path) -> None:
    stopped = Place(state_dir / limits.LIMITS / "two")
    with pytest.raises(TimeoutError), concurrency("two", timeout_seconds=0.05):
        raise AssertionError("somebody came before")
    ago = time.time() - STALE_SECONDS - 1
    os.utime(stopped.path, (ago, ago))
    with concurrency("two", timeout_seconds=0):
        pass
    stopped.look()
    pid = os.fork()
    if pid == 0:
        Place(state_dir / limits.LIMITS / "two")
        os._exit(0)
    os.waitpid(pid, 0)
    stopped.leave()
    assert len(waiting(state_dir)) == 1
    with concurrency("two", timeout_seconds=0):
        assert waiting(state_dir) == [], "what the dead have left is swept away"


def test_an_exception_lets_go_of_the_slots(state_dir: Path) -> None:
    for _ in range(3):
        with pytest.raises(ValueError), concurrency("two", occupy=2):
            raise ValueError
    with concurrency("two", occupy=2, timeout_seconds=0):
        pass


@pytest.mark.parametrize(
    "option", [{"timeout_seconds": 0.05}, {"max_retries": 0}], ids=["timeout", "retries"]
)
def test_who_waits_too_long_gets_a_timeout_error(state_dir: Path, option: dict[str, float]) -> None:
    with concurrency("two", occupy=2):
        with pytest.raises(TimeoutError, match="no slots of two within"), concurrency("two", **option):
            raise AssertionError
        with pytest.raises(TimeoutError):
            asyncio.run(_enter_async(option))


async def _enter_async(option: dict[str, float]) -> None:
    async with asynchronous.concurrency("two", **option):
        raise AssertionError


def test_a_limit_that_is_not_there_is_warned_of_and_with_strict_refused(
    state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with concurrency(["nobody", "two"], occupy=2):
        assert "['nobody'] do not exist" in capsys.readouterr().err
        with pytest.raises(TimeoutError), concurrency("two", timeout_seconds=0):
            raise AssertionError
    with (
        pytest.raises(ConcurrencySlotAcquisitionError, match="limit set nobody"),
        concurrency("nobody", strict=True),
    ):
        raise AssertionError
    with concurrency([]), concurrency(["nobody"]):
        pass


def test_what_a_limit_can_never_give_is_refused(state_dir: Path) -> None:
    with (
        pytest.raises(ConcurrencySlotAcquisitionError, match="has 2 slots, and 3"),
        concurrency("two", occupy=3),
    ):
        raise AssertionError
    with pytest.raises(ConcurrencySlotAcquisitionError, match="no slot decay"):
        rate_limit("two")
    for occupy in (0, True, "1"):
        with pytest.raises(ValueError, match="occupy"), concurrency("two", occupy=occupy):
            raise AssertionError


def test_a_limit_that_is_off_holds_nobody_up(state_dir: Path) -> None:
    limits.save(state_dir, Limit("two", 0))
    with pytest.raises(TimeoutError), concurrency("two", timeout_seconds=0):
        raise AssertionError
    limits.save(state_dir, Limit("two", 0, is_active=False))
    passed = []
    with concurrency("two", occupy=7, timeout_seconds=0):
        rate_limit("two")
        passed.append("both")
    assert passed == ["both"]


def test_a_rate_limit_lets_pass_no_more_than_its_rate(state_dir: Path) -> None:
    began = time.monotonic()
    for _ in range(15):
        rate_limit("fast")
    assert time.monotonic() - began >= 0.19, "5 at once, then 50 a second"
    with pytest.raises(TimeoutError):
        rate_limit("fast", occupy=5, timeout_seconds=0)


def test_tags_of_tasks_have_limits_too(state_dir: Path) -> None:
    limits.save(state_dir, Limit("tag:heavy", 2))
    inside, failed = AtOnce(), list[int]()

    @task(tags=["heavy"], retries=1)
    def work(n: int) -> int:
        with inside:
            time.sleep(0.01)
            if n == 3 and not failed:
                failed.append(n)
                raise ValueError("try again")
        return n

    @task
    def inherits() -> int:
        with inside:
            return 1

    @flow
    def all_of_them() -> int:
        found = work.map(range(6)).result()
        with tags("heavy"):
            return sum(found) + inherits()

    assert all_of_them() == 16
    assert (inside.most, inside.total) == (2, 8)


def test_who_has_to_wait_tells_the_journal_for_which_limit_and_who_has_not_tells_nothing(
    state_dir: Path,
) -> None:
    heavy, two = Limit("tag:heavy", 1), Limit("two", 2)
    limits.save(state_dir, heavy)
    for_tag = limits.acquire(state_dir, [heavy], 1, "test", keeps=True)
    for_both = limits.acquire(state_dir, [two], 2, "test", keeps=True)
    assert isinstance(for_tag, Hold) and isinstance(for_both, Hold)

    @task(tags=["heavy"])
    def work() -> None: ...

    @flow
    def waits() -> None:
        work()
        with concurrency("two"):
            work()
        with concurrency("two"):
            pass

    def told() -> list[journal.Event]:
        try:
            runs = History(state_dir.parent).runs
        except FileNotFoundError:  # a run's directory is there before its journal
            return []
        return runs[-1].of(journal.SlotsAwaited) if runs else []

    running = threading.Thread(target=waits)
    running.start()
    try:
        wait_until(lambda: len(told()) == 1)
        for_tag.release()
        wait_until(lambda: len(told()) == 2)
    finally:  # a flow that went on waiting here would be the run that later tests are in
        for_tag.release()
        for_both.release()
        running.join()
    assert [event[1:] for event in told()] == [
        (1, "tag heavy (1/1)", "AwaitingConcurrencySlot"), (0, "two (2/2)", ""), (0, "", ""),
    ]  # fmt: skip
    run = History(state_dir.parent).last
    assert [event.state for event in run.created("work")] == ["pending", "pending"]
    kinds = [type(event).__name__ for event in run.events if getattr(event, "id", 0) == 1]
    assert kinds == ["TaskCreated", "SlotsAwaited", "TaskStarted", "TaskFinished"]


SCRIPT = """
    import sys, time
    from tui_flow import flow
    from tui_flow.concurrency.sync import concurrency

    @flow
    def holder(occupy: int = 2):
        with concurrency("two", occupy=occupy):
            print("inside", flush=True)
            time.sleep(60)

    if __name__ == "__main__":
        holder()
"""


@pytest.fixture
def holder(state_dir: Path) -> Iterator["subprocess.Popen[str]"]:
    """A script whose flow has both slots."""
    script = state_dir.parent / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    process = subprocess.Popen(
        [sys.executable, str(script)], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "inside\n"
    yield process
    process.kill()
    process.communicate()


def test_the_slots_of_a_run_that_is_killed_are_free_at_once(
    state_dir: Path, holder: "subprocess.Popen[str]"
) -> None:
    (limit,) = [one for one in limits.list_limits(state_dir) if one.name == "two"]
    assert [who.split()[0] for who in limits.holders(state_dir, limit)] == ["run", "run"]
    entered = threading.Event()

    def enter() -> None:
        with concurrency("two", occupy=2):
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    assert not entered.wait(0.2)
    os.kill(holder.pid, signal.SIGKILL)
    assert entered.wait(5)
    waiting.join()


def test_a_waiting_run_says_what_it_waits_for(state_dir: Path, holder: "subprocess.Popen[str]") -> None:
    second = subprocess.Popen(
        [sys.executable, str(state_dir.parent / "script.py")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    log = rundir.run_dir(state_dir, 2) / rundir.LOG
    try:
        wait_until(lambda: log.exists() and "Waits for 2 slots of limit two" in log.read_text())
    finally:
        second.kill()
        second.wait()


def test_a_flow_in_the_engine_frees_its_slots_when_its_worker_is_killed(tmp_path: Path) -> None:
    from tests.project import temporary_project

    with temporary_project(tmp_path / "project") as project:
        project.write("holder.py", SCRIPT)
        assert project.tui_flow("limit", "set", "two", "2").stdout == "two: 2 slots\n"
        run_id = project.tui_flow("run", "holder", "--detach").stdout.strip()
        wait_until(lambda: len(project.ask("limit", "list")["limits"][0]["holders"]) == 2)
        (told,) = project.ask("limit", "list")["limits"]
        assert told["holders"][0].startswith(f"run {run_id} ") and told["in_use"] == 2
        journal = (project.state_dir / "runs" / run_id / "journal").read_text().splitlines()
        worker = next(found["worker_pid"] for found in map(json.loads, journal) if "worker_pid" in found)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: project.ask("limit", "list")["limits"][0]["holders"] == [], 2)
        table = project.tui_flow("limit", "set", "api", "10", "--refill", "2").stdout
        assert table == "api: 10 slots, 2 a second\n"
        lines = project.tui_flow("limit", "list").stdout.splitlines()
        assert [line.split() for line in lines[1:]] == [
            ["api", "10", "0", "2/s", "-"],
            ["two", "2", "0", "-", "-"],
        ]
        for wrong, what in (
            (("set", "a/b", "1"), "has none of"),
            (("set", "new"), "no limit 'new'"),
            (("remove", "new"), "no limit 'new'"),
        ):
            done = project.tui_flow("limit", *wrong)
            assert done.returncode == 2 and what in done.stderr
        assert project.tui_flow("limit", "set", "two", "--off").stdout == "two: 2 slots, off\n"
        assert project.tui_flow("limit", "remove", "two").returncode == 0
        project.wait_for_state(int(run_id), "crashed")
