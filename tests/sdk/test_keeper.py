"""The keeper, over real processes: whatever happens to a worker, the last word is true and nothing is left."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdk.keeping import Make, append, endless, ignoring_term, is_alive, limit_files, report, reported
from tests.waiting import wait_until
from tui_flow.contract import journal, rundir
from tui_flow.contract.failure import Failure
from tui_flow.sdk import overtime


def test_a_report_is_the_last_word(make: Make) -> None:
    kept = make()
    ended = kept.run(reported)
    assert kept.kinds == ["RunStarted", "FlowFinished", "RunEnded"]
    assert (ended.state, ended.reason, ended.exit_code, ended.signal) == ("completed", "returned", 0, None)
    assert (ended.max_rss_bytes or 0) > 2**20 and ended.cpu_seconds is not None


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


def _use_up_the_stack() -> None:
    import faulthandler

    faulthandler._stack_overflow()  # type: ignore[attr-defined]


def _use_up_the_processor() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (1, 5))
    while True:
        pass


@pytest.mark.parametrize(
    ("die", "name"),
    [(_use_up_the_stack, "SIGSEGV"), (_use_up_the_processor, "SIGXCPU"), (os.abort, "SIGABRT")],
    ids=["stack overflow", "limit of processor time", "abort"],
)
def test_the_signal_that_the_system_ends_a_run_with_is_named(
    make: Make, die: Callable[[], None], name: str
) -> None:
    def dying(spec, directory, wait) -> int:
        import faulthandler

        faulthandler.enable(file=2)  # not to where the test runner's own goes
        die()
        return 0

    ended = make().run(dying)
    assert (ended.state, ended.reason, ended.signal) == ("crashed", "signal", name)


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
            failure = Failure("ValueError", "", "")
            append(directory, journal.FlowRetrying(time.time(), tries, time.time() + 0.2, failure))
            time.sleep(0.2)
        report(directory)
        return 0

    assert make(timeout_seconds=0.3).run(trying_again).state == "completed"


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
