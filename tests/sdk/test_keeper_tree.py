"""What a run starts is gone when the run is over, wherever it hid."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdk.keeping import Make, endless, ignoring_term, is_alive, report, reported
from tests.waiting import wait_until
from tui_flow.contract import rundir
from tui_flow.sdk import keeper, ladder, process_tree


def _sleep_without_environment(script: str) -> None:
    subprocess.run([sys.executable, "-S", "-c", script], env={}, check=True)


_DOUBLE_FORK = (
    "import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n"
    "  open(PIDS, 'a').write(f'{os.getpid()}\\n')\n  time.sleep(60)\n os._exit(0)\nos.wait()\n"
)


GRANDCHILDREN = {
    "in the same group": lambda pids: _fork(pids, lambda: None),
    "in a session of its own": lambda pids: _fork(pids, os.setsid),
    "that ignores TERM": lambda pids: _fork(pids, lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN)),
    "forked twice": lambda pids: _fork_twice(pids),
    "forked twice, with an empty environment": lambda pids: _sleep_without_environment(
        _DOUBLE_FORK.replace("PIDS", repr(str(pids)))
    ),
}


def _fork(pids: Path, become: Callable[[], object]) -> None:
    if os.fork() == 0:
        become()
        _sleep(pids)


def _fork_twice(pids: Path) -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            _sleep(pids)
        os._exit(0)


def _sleep(pids: Path) -> None:
    with pids.open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(60)
    os._exit(0)


@pytest.mark.parametrize("kind", GRANDCHILDREN)
def test_no_grandchild_outlives_the_run(
    make: Make, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "STRAGGLER_GRACE_SECONDS", 0.2)
    pids = tmp_path / "pids"

    def leaving(spec, directory, wait) -> int:
        wait()
        GRANDCHILDREN[kind](pids)
        wait_until(pids.exists)
        report(directory)
        return 0

    kept = make()
    assert kept.run(leaving).state == "completed"
    left = [int(pid) for pid in pids.read_text().split()]
    assert left
    assert not any(map(is_alive, left))
    assert "ended what the run left behind" in kept.lines("tui_flow.keeper")[0]


def test_a_cancel_ends_what_ignores_it_in_sessions_of_their_own(make: Make, tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    def stubborn() -> None:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def leaving(spec, directory, wait) -> int:
        for _ in range(3):
            _fork(pids, stubborn)
        return ignoring_term(spec, directory, wait)

    kept = make(grace_seconds=0.2)
    kept.start(leaving)
    kept.wait_for("at work")
    wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 3)
    kept.cancel()
    kept.wait(timeout=5)
    assert not any(is_alive(int(pid)) for pid in pids.read_text().split())


def test_helpers_that_end_by_themselves_are_not_reproached(make: Make) -> None:
    def helped(spec, directory, wait) -> int:
        subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        return reported(spec, directory, wait)

    kept = make()
    kept.run(helped)
    assert kept.lines("tui_flow.keeper") == []


def test_orphans_are_reaped_while_the_run_goes_on(make: Make) -> None:
    def orphaning(spec, directory, wait) -> int:
        for _ in range(50):
            if os.fork() == 0:
                if os.fork() == 0:
                    os._exit(0)
                os._exit(0)
            os.wait()
        return endless(spec, directory, wait)

    kept = make()
    pid = kept.start(orphaning)
    kept.wait_for("at work")
    children = Path(f"/proc/{pid}/task/{pid}/children")
    wait_until(lambda: children.read_text().split() == [str(kept.started.worker_pid)], what="no zombies")


def test_a_process_that_cannot_be_killed_is_named_and_the_run_ends(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(process: object, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(ladder, "send", refuse)
    monkeypatch.setattr(ladder, "GIVE_UP_SECONDS", 0.2)
    monkeypatch.setattr(keeper, "DAEMON_GRACE_SECONDS", 0.1)
    kept = make(grace_seconds=0.1)
    kept.start(ignoring_term)
    kept.wait_for("at work")
    kept.cancel()
    kept.wait(timeout=5)
    assert f"could not be killed: process {kept.started.worker_pid}" in kept.ended.message
    assert kept.ended.state == "cancelled"


def test_a_cancel_that_comes_after_the_end_changes_nothing_but_hastens_stragglers(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "STRAGGLER_GRACE_SECONDS", 60.0)
    pids = tmp_path / "pids"

    def leaving(spec, directory, wait) -> int:
        wait()
        _fork(pids, lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))
        wait_until(pids.exists)
        os._exit(3)

    kept = make(grace_seconds=60.0)
    kept.start(leaving)
    wait_until(lambda: pids.exists() and not Path(f"/proc/{kept.started.worker_pid}").exists())
    kept.cancel()
    kept.wait(timeout=3)
    assert (kept.ended.state, kept.ended.reason, kept.ended.exit_code) == ("failed", "exit", 3)


def test_without_a_subreaper_a_daemon_is_found_by_its_cookie(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (keeper, ladder):
        monkeypatch.setattr(module, "descendants", process_tree._find_with_psutil)
    monkeypatch.setattr(keeper, "adopt_orphans", lambda: False)
    pids = tmp_path / "pids"

    def leaving(spec, directory, wait) -> int:
        wait()
        script = _DOUBLE_FORK.replace("PIDS", repr(str(pids)))
        environment = {rundir.ENV_COOKIE: spec.cookie}
        subprocess.run([sys.executable, "-S", "-c", script], env=environment, check=True)
        wait_until(pids.exists)
        report(directory)
        return 0

    kept = make()
    assert kept.run(leaving).state == "completed"
    assert not any(is_alive(int(pid)) for pid in pids.read_text().split())
