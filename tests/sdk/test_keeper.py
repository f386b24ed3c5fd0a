"""The keeper, over real processes: whatever happens to a worker, the last word is true and nothing is left."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sdk.keeping import Kept, append, is_alive, keeping, report
from tests.waiting import wait_until
from tui_flow.contract import journal, rundir
from tui_flow.sdk import keeper, ladder, overtime, process_tree

Make = Callable[..., Kept]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    yield from keeping(tmp_path)


def reported(spec, directory, wait) -> int:
    wait()
    report(directory)
    return 0


def endless(spec, directory, wait) -> int:
    wait()
    print("at work", flush=True)
    time.sleep(60)
    return 0


def ignoring_term(spec, directory, wait) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return endless(spec, directory, wait)


def test_a_report_is_the_last_word(make: Make) -> None:
    kept = make()
    ended = kept.run(reported)
    assert kept.kinds == ["RunStarted", "FlowFinished", "RunEnded"]
    assert (ended.state, ended.reason, ended.exit_code, ended.signal) == ("completed", "returned", 0, None)


def test_the_lock_is_held_for_as_long_as_the_run_lives(make: Make) -> None:
    kept = make()
    pid = kept.start(endless)
    kept.wait_for("at work")
    assert rundir.lock_holder(kept.directory / rundir.LOCK) == pid
    kept.cancel()
    kept.wait()
    assert not kept.is_guarded


def test_the_author_runs_in_a_group_of_its_own_with_signals_at_their_defaults(make: Make) -> None:
    def tell(spec, directory, wait) -> int:
        handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
        print(
            os.getpgrp() == os.getpid(),
            os.getsid(0) == os.getppid(),
            set(handlers) == {signal.SIG_DFL},
            flush=True,
        )
        print(signal.pthread_sigmask(signal.SIG_BLOCK, ()), flush=True)
        return 0

    kept = make()
    kept.run(tell)
    assert kept.lines("stdout") == ["True True True", "set()"]


@pytest.mark.parametrize("code", [0, 3])
def test_an_exit_without_a_report_is_no_success(make: Make, code: int) -> None:
    ended = make().run(lambda spec, directory, wait: os._exit(code))
    assert (ended.state, ended.reason, ended.exit_code) == ("failed", "exit", code)
    assert f"code {code}" in ended.message


def test_a_segfault_is_named_and_leaves_its_stack_in_the_log(make: Make) -> None:
    def crash(spec, directory, wait) -> int:
        import faulthandler

        faulthandler.enable(file=2)
        os.kill(os.getpid(), signal.SIGSEGV)
        return 0

    kept = make()
    ended = kept.run(crash)
    assert (ended.state, ended.reason, ended.signal, ended.exit_code) == (
        "crashed",
        "signal",
        "SIGSEGV",
        None,
    )
    assert "SIGSEGV" in ended.message
    assert any("test_keeper.py" in line and "in crash" in line for line in kept.lines("stderr"))


def test_a_killed_worker_has_crashed(make: Make) -> None:
    kept = make()
    kept.start(endless)
    kept.wait_for("at work")
    os.kill(kept.started.worker_pid, signal.SIGKILL)
    kept.wait(timeout=2)
    assert (kept.ended.state, kept.ended.signal) == ("crashed", "SIGKILL")


def test_a_killed_keeper_takes_its_worker_along_and_frees_the_lock(make: Make) -> None:
    kept = make()
    kept.start(endless)
    kept.wait_for("at work")
    os.kill(kept.pids[-1], signal.SIGKILL)
    assert kept.wait() == -signal.SIGKILL
    wait_until(lambda: not is_alive(kept.started.worker_pid), what="the worker's end")
    assert not kept.is_guarded
    assert "RunEnded" not in kept.kinds


def test_a_worker_whose_keeper_died_before_the_start_never_begins(make: Make, tmp_path: Path) -> None:
    began = tmp_path / "began"

    def begin(spec, directory, wait) -> int:
        (tmp_path / "worker").write_text(str(os.getpid()))
        os.kill(os.getppid(), signal.SIGKILL)
        wait()
        began.touch()
        return 0

    kept = make()
    kept.start(begin, before=lambda: limit_files(10))  # so that RunStarted, and the gate with it, has to wait
    assert kept.wait() == -signal.SIGKILL
    wait_until(lambda: not is_alive(int((tmp_path / "worker").read_text())))
    assert not began.exists()


def test_who_ignores_term_is_killed_after_the_grace(make: Make) -> None:
    kept = make(grace_seconds=0.3)
    kept.start(ignoring_term)
    kept.wait_for("at work")
    asked = time.monotonic()
    assert kept.cancel()
    kept.wait(timeout=3)
    assert time.monotonic() - asked >= 0.3
    assert kept.kinds == ["RunStarted", "RunCancelling", "RunEnded"]
    assert (kept.ended.state, kept.ended.reason, kept.ended.signal) == ("cancelled", "cancelled", "SIGKILL")
    assert "uid 7" in kept.ended.message


def test_a_cancel_that_kills_waits_for_no_grace(make: Make) -> None:
    kept = make(grace_seconds=60)
    kept.start(ignoring_term)
    kept.wait_for("at work")
    kept.cancel(kill=True)
    kept.wait(timeout=3)
    assert kept.ended.state == "cancelled"


def test_a_second_request_escalates_and_is_no_second_cancelling(make: Make) -> None:
    kept = make(grace_seconds=60)
    kept.start(ignoring_term)
    kept.wait_for("at work")
    kept.cancel()
    wait_until(lambda: "RunCancelling" in kept.kinds)
    kept.cancel()
    kept.cancel(kill=True)
    kept.wait(timeout=3)
    assert kept.kinds.count("RunCancelling") == 1
    assert kept.ended.state == "cancelled"


def test_a_run_that_was_cancelled_before_its_start_runs_no_line(make: Make, tmp_path: Path) -> None:
    began = tmp_path / "began"

    def begin(spec, directory, wait) -> int:
        wait()
        began.touch()
        return 0

    kept = make()
    assert not kept.cancel()
    ended = kept.run(begin)
    assert ended.state == "cancelled"
    assert not began.exists()


def test_a_plain_term_to_the_keeper_cancels(make: Make) -> None:
    kept = make()
    pid = kept.start(endless)
    kept.wait_for("at work")
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert kept.wait(pid) == 0
    assert (kept.ended.state, kept.ended.message) == ("cancelled", "cancelled by signal SIGTERM")


def test_a_run_that_completed_before_its_cancel_stays_completed(make: Make) -> None:
    def lingering(spec, directory, wait) -> int:
        wait()
        report(directory)
        print("reported", flush=True)
        time.sleep(60)
        return 0

    kept = make()
    kept.start(lingering)
    kept.wait_for("reported")
    kept.cancel()
    kept.wait()
    assert (kept.ended.state, kept.ended.reason) == ("completed", "returned")
    assert not kept.cancel()


def test_what_a_worker_reports_of_its_own_cancel_does_not_count(make: Make) -> None:
    def reporting(spec, directory, wait) -> int:
        def stop(*_: object) -> None:
            report(directory, "failed", "error")
            os._exit(1)

        signal.signal(signal.SIGTERM, stop)
        return endless(spec, directory, wait)

    kept = make()
    kept.start(reporting)
    kept.wait_for("at work")
    kept.cancel()
    kept.wait()
    assert (kept.ended.state, kept.ended.reason, kept.ended.exit_code) == ("cancelled", "cancelled", 1)


def test_a_flow_that_hangs_past_its_timeout_is_ended(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overtime, "MARGIN_SECONDS", 0.1)
    kept = make(timeout_seconds=0.1, grace_seconds=0.1)
    ended = kept.run(ignoring_term)
    assert (ended.state, ended.reason, ended.signal) == ("failed", "timeout", "SIGKILL")
    assert "timeout of 0.1 s" in ended.message


def test_every_try_has_the_timeout_for_itself(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overtime, "MARGIN_SECONDS", 0.1)

    def trying_again(spec, directory, wait) -> int:
        wait()
        for tries in (1, 2, 3):
            append(directory, journal.FlowStarted(time.time(), "sample", "", tries, "", {}, []))
            time.sleep(0.2)
            failure = journal.Failure("ValueError", "", "")
            append(directory, journal.FlowRetrying(time.time(), tries, time.time() + 0.2, failure))
            time.sleep(0.2)
        report(directory)
        return 0

    assert make(timeout_seconds=0.3).run(trying_again).state == "completed"


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
def test_a_flood_goes_on_and_only_its_beginning_is_kept(
    make: Make, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "CAPTURE_LIMIT", 1_000_000)
    flood = line * (20_000_000 // len(line))
    kept = make()
    assert kept.run(printing(flood)).state == "completed"
    assert 1_000_000 <= len(kept.log) < 6_000_000
    notice, total = kept.lines("tui_flow.keeper")
    assert "takes no more" in notice
    dropped = int(total.split()[0].replace(",", ""))
    kept_bytes = sum(len(text.encode()) + line.count(b"\n") for text in kept.lines("stdout"))
    assert dropped + kept_bytes == len(flood)


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


def test_a_second_keeper_leaves_at_once(make: Make) -> None:
    kept = make()
    first = kept.start(endless)
    kept.wait_for("at work")
    assert kept.wait(kept.start(reported)) == 0
    assert kept.kinds == ["RunStarted"]
    kept.cancel()
    kept.wait(first)
    before = kept.events
    assert kept.wait(kept.start(reported)) == 0
    assert kept.events == before


def test_the_next_attempt_is_kept_and_the_report_of_the_last_one_does_not_count(make: Make) -> None:
    kept = make()
    kept.run(reported)
    rundir.write_spec(kept.directory, kept.spec._replace(attempt=2))
    assert kept.wait(kept.start(lambda spec, directory, wait: 0)) == 0
    assert [event.state for event in kept.events if isinstance(event, journal.RunEnded)] == [
        "completed",
        "failed",
    ]


def test_a_directory_without_a_spec_is_refused(make: Make, capfd: pytest.CaptureFixture[str]) -> None:
    kept = make()
    (kept.directory / rundir.SPEC).unlink()
    assert kept.wait(kept.start(reported)) == 4
    assert str(kept.directory / rundir.SPEC) in capfd.readouterr().err


def limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def lift_limit(pid: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_a_full_disk_costs_lines_of_the_log_and_says_how_much(make: Make, tmp_path: Path) -> None:
    room = tmp_path / "room"

    def printing_twice(spec, directory, wait) -> int:
        os.write(1, b"x" * 200_000 + b"\n")
        wait_until(room.exists)
        os.write(1, b"there is room again\n")
        return reported(spec, directory, wait)

    kept = make()
    pid = kept.start(printing_twice, before=lambda: limit_files(100_000))
    wait_until(lambda: len(kept.log) == 100_000, what="a full disk")
    lift_limit(pid)
    room.touch()
    kept.wait(pid)
    assert kept.ended.state == "completed"
    assert kept.lines("stdout")[-1] == "there is room again"
    assert "bytes of log could not be written" in kept.lines("tui_flow.keeper")[0]


def test_what_a_full_disk_cost_is_told_at_the_end_where_nothing_else_was_said(make: Make) -> None:
    def flooding(spec, directory, wait) -> int:
        os.write(1, b"x" * 200_000)
        return endless(spec, directory, wait)

    kept = make()
    pid = kept.start(flooding, before=lambda: limit_files(100_000))
    wait_until(lambda: len(kept.log) == 100_000, what="a full disk")
    lift_limit(pid)
    os.kill(kept.started.worker_pid, signal.SIGKILL)
    kept.wait(pid)
    assert "bytes of log could not be written" in kept.lines("tui_flow.keeper")[0]


def test_no_line_runs_before_its_start_is_on_disk(make: Make) -> None:
    def reporting(spec, directory, wait) -> int:
        limit_files(resource.RLIM_INFINITY)
        print("ready", flush=True)
        return reported(spec, directory, wait)

    kept = make()
    (kept.directory / rundir.JOURNAL).write_bytes(b"\n" * 200)
    pid = kept.start(reporting, before=lambda: limit_files(210))
    kept.wait_for("ready")
    assert "FlowFinished" not in kept.kinds
    lift_limit(pid)
    kept.wait(pid)
    assert [kind for kind in kept.kinds if kind != "NoneType"] == ["RunStarted", "FlowFinished", "RunEnded"]


def test_the_last_word_waits_for_room(make: Make) -> None:
    kept = make()
    pid = kept.start(endless)
    kept.wait_for("at work")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
    os.kill(kept.started.worker_pid, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{kept.started.worker_pid}").exists())
    assert kept.is_guarded
    lift_limit(pid)
    kept.wait(pid)
    assert kept.ended.signal == "SIGKILL"


def test_without_room_for_long_the_lock_is_let_go(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "LAST_WORD_SECONDS", 0.2)
    kept = make()
    pid = kept.start(endless)
    kept.wait_for("at work")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
    os.kill(kept.started.worker_pid, signal.SIGKILL)
    assert kept.wait(pid) == 1
    assert not kept.is_guarded


def test_a_torn_line_of_the_worker_does_not_spoil_the_last_word(make: Make) -> None:
    def tearing(spec, directory, wait) -> int:
        wait()
        with (directory / rundir.JOURNAL).open("ab", buffering=0) as file:
            file.write(b'{"event":"FlowFinished","at":1.0,"sta')
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    assert make().run(tearing).state == "crashed"


def test_a_run_that_gets_no_process_is_refused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_fork() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    kept = make()
    kept.wait(kept.start(reported, before=lambda: monkeypatch.setattr(os, "fork", no_fork)))
    assert (kept.ended.state, kept.ended.reason) == ("failed", "refused")
    assert "Resource temporarily unavailable" in kept.ended.message


def test_a_stopped_worker_hears_of_its_cancel(make: Make) -> None:
    def stopping(spec, directory, wait) -> int:
        wait()
        signal.signal(signal.SIGTERM, lambda *_: (report(directory, "cancelled", "cancelled"), os._exit(5)))
        print("at work", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(60)
        return 0

    kept = make(grace_seconds=60)
    kept.start(stopping)
    kept.wait_for("at work")
    kept.cancel()
    kept.wait(timeout=3)
    assert (kept.ended.state, kept.ended.exit_code) == ("cancelled", 5)


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
