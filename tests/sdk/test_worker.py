"""The worker, guarded by a keeper: how a flow file becomes a run, and what a broken one says."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.sdk.keeping import Kept, is_alive, keeping
from tests.waiting import wait_until
from tui_flow.contract import journal, rundir
from tui_flow.contract.secret_parameters import STARS
from tui_flow.sdk import capture

Write = Callable[..., Kept]


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    """Saves a flow file, and makes a run of it."""
    made = keeping(tmp_path)
    make = next(made)

    def save(source: str | bytes, file: str = "sample.py", **fields: object) -> Kept:
        path = tmp_path / "flows" / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(source if isinstance(source, bytes) else dedent(source).encode())
        return make(path=str(path), **fields)

    yield save
    next(made, None)


def finished(kept: Kept) -> journal.FlowFinished:
    (report,) = [event for event in kept.events if isinstance(event, journal.FlowFinished)]
    return report


def test_a_flow_file_runs_as_a_script_would(write: Write, tmp_path: Path) -> None:
    kept = write(
        """
        import os, sys
        from tui_flow import flow

        @flow
        def sample(number: int):
            print(__name__, __file__, os.getcwd(), sys.path[:2], sys.argv, sys.stdin.read() == "", number + 1)

        if __name__ == "__main__":
            raise SystemExit("not a script here")
        """,
        parameters={"number": "41"},
    )
    assert kept.run().state == "completed"
    flows = tmp_path / "flows"
    here = f"sample {flows}/sample.py {tmp_path} ['{flows}', '{tmp_path}'] ['{flows}/sample.py'] True 42"
    assert kept.lines("stdout") == [here]


@pytest.mark.parametrize("end", ["return 1", "raise ValueError('no')"])
def test_what_a_flow_prints_stands_above_the_line_that_says_how_it_ended(
    write: Write, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    kept = write(
        f"""
        import sys
        from tui_flow import flow

        @flow
        def sample():
            print("said")
            print("complained", file=sys.stderr)
            {end}
        """
    )

    def be_slow() -> None:
        takes = capture.Capture._take

        def take_late(self: capture.Capture, *what: Any) -> None:
            time.sleep(0.01)
            takes(self, *what)

        monkeypatch.setattr(capture.Capture, "_take", take_late)

    kept.wait(kept.start(before=be_slow))
    lines = [line for line in kept.log.decode().splitlines() if not line.startswith("\t")]
    assert "Finished in state" in lines[-1] and len(lines) == 4, lines


def test_the_module_is_found_by_pickle_dataclasses_inspect_and_tracebacks(write: Write) -> None:
    kept = write(
        """
        import inspect, pickle
        from concurrent.futures import ProcessPoolExecutor
        from dataclasses import dataclass
        from tui_flow import flow

        @dataclass
        class Point:
            x: "int"

        def double(point):
            return Point(point.x * 2)

        @flow
        def sample():
            assert pickle.loads(pickle.dumps(Point(1))) == Point(1)
            assert "point.x * 2" in inspect.getsource(double)
            with ProcessPoolExecutor(2) as pool:
                assert list(pool.map(double, [Point(1), Point(2)])) == [Point(2), Point(4)]
            open(__file__, "w").close()
            raise ValueError("after an edit")
        """
    )
    assert kept.run().reason == "error"
    report = finished(kept)
    assert report.failure and report.failure.message == "after an edit"
    assert 'raise ValueError("after an edit")' in report.failure.traceback


def test_the_text_that_ran_is_kept(write: Write, tmp_path: Path) -> None:
    kept = write("from tui_flow import flow\n@flow\ndef sample(): pass\n")
    kept.run()
    (started,) = [event for event in kept.events if isinstance(event, journal.FlowStarted)]
    sources = tmp_path / rundir.STATE_DIR / rundir.SOURCES
    assert (sources / f"{started.source_sha}.py").read_text().endswith("def sample(): pass\n")


def test_a_file_named_like_a_module_of_python_hides_it_from_nobody(write: Write) -> None:
    kept = write(
        """
        import calendar
        from tui_flow import flow

        @flow
        def sample():
            print(__name__)
        """,
        file="json.py",
    )
    assert kept.run().state == "completed"
    assert kept.lines("stdout") == ["flow_file_json"]


def test_a_renamed_function_is_found_by_the_name_of_its_flow(write: Write) -> None:
    kept = write('from tui_flow import flow\n@flow(name="Sample")\ndef other(): pass\n')
    assert kept.run().state == "completed"


BROKEN = {
    "raises": ("x = 1\nraise ValueError('no good')\n", 2, "ValueError: no good"),
    "does not parse": ("x = 1\ndef f(:\n", 2, "SyntaxError"),
    "imports what is not there": ("import os\nimport not_there_at_all\n", 2, "not_there_at_all"),
    "exits": ("import sys\n\nsys.exit(0)\n", 3, "sys.exit(0)"),
    "is interrupted": ("raise KeyboardInterrupt\n", 1, "KeyboardInterrupt"),
    "closes its generator": ("raise GeneratorExit\n", 1, "GeneratorExit"),
    "is not text": (b"x = '\xff\xfe'\n", None, "utf-8"),
    "has NULs": (b"x = 1\0\n", None, "null bytes"),
    "is empty": (b"", None, "no flow 'sample'"),
    "has another flow": ("from tui_flow import flow\n@flow\ndef other(): pass\n", None, "its flows: other"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_file_that_is_broken_is_refused_with_its_line(write: Write, how: str) -> None:
    source, line, words = BROKEN[how]
    kept = write(source)
    ended = kept.run()
    assert (ended.state, ended.reason, ended.exit_code) == ("failed", "refused", 1)
    assert words in ended.message
    failure = finished(kept).failure
    assert failure is not None
    if line:
        assert (failure.path, failure.line) == (kept.spec.path, line)
        assert f"(sample.py:{line})" in ended.message
    assert words in kept.log.decode()


def test_a_file_that_is_gone_is_refused(write: Write) -> None:
    kept = write("")
    Path(kept.spec.path).unlink()
    ended = kept.run()
    assert (ended.state, ended.reason) == ("failed", "refused")
    assert "No such file" in ended.message


def test_an_import_that_ends_the_process_has_no_success(write: Write) -> None:
    ended = write("import os\nos._exit(0)\n").run()
    assert (ended.state, ended.reason, ended.exit_code) == ("failed", "exit", 0)


def test_a_cancel_during_the_import_ends_it(write: Write) -> None:
    kept = write("import time\nprint('importing')\ntime.sleep(60)\n")
    kept.start()
    kept.wait_for("importing")
    kept.cancel()
    kept.wait(timeout=3)
    assert (kept.ended.state, kept.ended.signal) == ("cancelled", "SIGTERM")


def test_a_cancelled_flow_may_clean_up(write: Write) -> None:
    kept = write(
        """
        import time
        from tui_flow import flow

        @flow
        def sample():
            try:
                print("at work")
                time.sleep(60)
            finally:
                print("cleaned up")
        """
    )
    kept.start()
    kept.wait_for("at work")
    kept.cancel()
    kept.wait(timeout=3)
    assert kept.ended.state == "cancelled"
    assert "cleaned up" in kept.log.decode()


def test_a_timeout_is_the_worker_s_own_affair(write: Write) -> None:
    kept = write(
        """
        import time
        from tui_flow import flow

        @flow(timeout_seconds=0.1)
        def sample():
            time.sleep(60)
        """,
        timeout_seconds=0.1,
    )
    ended = kept.run()
    assert (ended.state, ended.reason, ended.signal) == ("failed", "timeout", None)


def test_a_segfault_shows_the_author_s_line(write: Write) -> None:
    kept = write(
        """
        import ctypes
        from tui_flow import flow, task

        @task
        def crash():
            ctypes.string_at(0)

        @flow
        def sample():
            crash()
        """
    )
    assert kept.run().signal == "SIGSEGV"
    stack = kept.lines("stderr")
    assert any("sample.py" in line and "in crash" in line for line in stack)


def test_threads_and_exit_functions_may_end_in_order(write: Write) -> None:
    kept = write(
        """
        import atexit, threading, time
        from tui_flow import flow

        @flow
        def sample():
            atexit.register(print, "at exit")
            threading.Thread(target=lambda: (time.sleep(0.1), print("thread done")), name="late").start()
        """
    )
    assert kept.run().state == "completed"
    assert kept.lines("stdout") == ["thread done", "at exit"]
    assert "late" in kept.lines("tui_flow.worker")[0]


def test_a_thread_that_never_ends_does_not_keep_the_run(write: Write) -> None:
    kept = write(
        """
        import threading, time
        from tui_flow import flow

        def forever():
            time.sleep(60)

        @flow
        def sample():
            threading.Thread(target=forever).start()
        """,
        grace_seconds=0.2,
    )
    began = time.monotonic()
    assert kept.run().state == "completed"
    assert time.monotonic() - began < 5
    assert any("in forever" in line for line in kept.lines("stderr"))


def test_output_of_any_kind_shows_at_once(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    kept = write(
        r"""
        import os, subprocess, sys, time
        from tui_flow import flow

        @flow
        def sample():
            print("é \udcff")
            subprocess.run([sys.executable, "-S", "-c", "print('of a child')"])
            os.write(2, b"of the descriptor\n")
            time.sleep(60)
        """
    )
    kept.start()
    for text in ("é \\udcff", "of a child", "of the descriptor"):
        kept.wait_for(text)


def test_every_process_of_a_run_can_be_told_by_its_environment(write: Write) -> None:
    kept = write(
        """
        import os, subprocess, sys
        from tui_flow import flow

        @flow
        def sample():
            subprocess.run([sys.executable, "-S", "-c", "import os; print(os.environ['TUI_FLOW_COOKIE'])"])
            print(os.environ["TUI_FLOW_RUN_DIR"])
        """
    )
    kept.run()
    assert kept.lines("stdout") == [kept.spec.cookie, str(kept.directory)]


def test_a_killed_keeper_takes_a_real_worker_along(write: Write) -> None:
    kept = write("import time\nprint('importing')\ntime.sleep(60)\n")
    kept.start()
    kept.wait_for("importing")
    worker = kept.started.worker_pid
    kept.clean_up()
    kept.pids.clear()
    wait_until(lambda: not is_alive(worker))


def test_a_cancelled_run_waits_for_no_thread(write: Write) -> None:
    kept = write(
        """
        import threading, time
        from tui_flow import flow

        @flow
        def sample():
            threading.Thread(target=time.sleep, args=(60,)).start()
            print("at work")
            time.sleep(60)
        """,
        grace_seconds=60,
    )
    kept.start()
    kept.wait_for("at work")
    kept.cancel()
    kept.wait(timeout=3)
    assert (kept.ended.state, kept.ended.signal) == ("cancelled", None)


def test_a_secret_that_is_gone_is_no_row_of_stars_for_the_flow(write: Write) -> None:
    kept = write(
        """
        from tui_flow import flow
        @flow(log_prints=True)
        def sample(token: str):
            print("ran with", token)
        """,
        parameters={"token": STARS},
    )
    kept.run()
    assert "what was given as token is a secret, and is gone" in finished(kept).message
    assert b"ran with" not in kept.log
