"""`describe`, as the engine runs it: an answer on a private descriptor, or a process that is gone without one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from tests.sdk.keeping import is_alive
from tests.waiting import wait_until
from tui_flow.contract import rundir


class Outcome(NamedTuple):
    answer: Any
    """None where there is none."""
    code: int | None
    """None where the process had to be killed at the limit."""
    output: bytes


Describe = Callable[..., Outcome]


@pytest.fixture
def describe(tmp_path: Path) -> Describe:
    """Saves a flow file, and describes it in a process that gets so many seconds."""

    def run(
        source: str | bytes | None, limit: float = 20, before: Callable[[Path], None] | None = None
    ) -> Outcome:
        path = tmp_path / "flows" / "sample.py"
        path.parent.mkdir()
        if source is not None:
            path.write_bytes(source if isinstance(source, bytes) else dedent(source).encode())
        if before:
            before(path)
        return _described(tmp_path, path, limit)

    return run


def _described(project: Path, path: Path, limit: float) -> Outcome:
    end, child_end = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-m", "tui_flow.sdk.describe", str(project), str(path), str(child_end)],
        pass_fds=[child_end], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, cwd="/",
    )  # fmt: skip
    os.close(child_end)
    try:
        output, _ = child.communicate(timeout=limit)
        code: int | None = child.returncode
    except subprocess.TimeoutExpired:
        output, code = b"", None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
    with open(end, "rb") as file:
        data = file.read()
    return Outcome(json.loads(data) if data else None, code, output)


def test_flows_are_told_in_order_with_all_that_a_console_shows(describe: Describe, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("from tui_flow import flow\n@flow\ndef imported(): pass\n")
    source = '''
        from datetime import date
        from helper import imported
        from tui_flow import flow, task

        @flow(name="second_first", tags=["b", "a"], timeout_seconds=30)
        def zulu(day: date, times: int = 3, *, note: "str | None" = None):
            """What it does.

            And how.
            """

        @flow
        def alpha(): pass

        @task
        def no_flow(): pass

        again = alpha
        if __name__ == "__main__":
            raise SystemExit
        '''
    answer = describe(source).answer
    assert answer["error"] is None
    first, second = answer["flows"]
    assert (first["name"], first["function"], first["line"]) == ("second_first", "zulu", 6)
    assert (first["tags"], first["timeout_seconds"]) == (["a", "b"], 30)
    assert first["description"].startswith("What it does.\n\nAnd how.")
    properties = first["parameters"]["properties"]
    assert list(properties) == ["day", "times", "note"]
    assert (properties["day"]["format"], properties["times"]["default"]) == ("date", 3)
    assert first["parameters"]["required"] == ["day"]
    assert (second["name"], second["function"], second["line"]) == ("alpha", "alpha", 13)
    kept = tmp_path / rundir.STATE_DIR / rundir.SOURCES / f"{answer['sha']}.py"
    assert kept.read_text() == dedent(source)


def test_the_tasks_that_are_there_after_the_import_are_told_wherever_they_were_made(
    describe: Describe, tmp_path: Path
) -> None:
    shared = """
        from tui_flow import task
        class Proxy:
            __class__ = property(lambda self: 1 / 0)
        proxy = Proxy()
        @task
        def mail(): ...
        """
    (tmp_path / "shared.py").write_text(dedent(shared))
    source = """
        import sys
        import shared
        from tui_flow import flow, task
        from tui_flow.assets import materialize
        sys.modules["odd"] = object()
        @task(name="load it")
        def load(): ...
        other = load.with_options(name="other")
        class Steps:
            @task
            def step(self): ...
        @flow
        def etl(): shared.mail()
        """
    answer = describe(source).answer
    assert (answer["error"], answer["tasks"]) == (None, ["load it", "other", "step", "mail"])


def test_a_file_without_flows_is_fine(describe: Describe) -> None:
    assert describe("x = 1\n").answer["error"] is None


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("import os\n\n\nraise ValueError('no good')\n", 4, "ValueError: no good"),
        ("def f(:\n", 1, "SyntaxError"),
        ("def f():\n    return 1 +\n", 2, "SyntaxError"),
        ("x = 1\n  y = 2\n", 2, "IndentationError"),
        ("import os\nimport not_there\n", 2, "not_there"),
        ("def f():\n    f()\nf()\n", 2, "RecursionError"),
        ("raise MemoryError\n", 1, "MemoryError"),
        ("\nimport sys\nsys.exit(0)\n", 3, "sys.exit(0)"),
        ("raise KeyboardInterrupt\n", 1, "KeyboardInterrupt"),
        ("raise GeneratorExit\n", 1, "GeneratorExit"),
        ("class E(Exception):\n    __str__ = None\nraise E\n", 3, "E"),
        ("from tui_flow import flow\n@flow(retries=-1)\ndef f(): pass\n", 2, "retries"),
        (b"# -*- coding: latin-9-or-so -*-\n", None, "encoding"),
        (b"x = '\xff\xfe'\n", None, "utf-8"),
        (b"x = 1\0\n", None, "null bytes"),
    ],
)
def test_an_error_is_told_with_its_line(
    describe: Describe, source: Any, line: int | None, words: str
) -> None:
    outcome = describe(source)
    error = outcome.answer["error"]
    assert words in error["error"]
    assert outcome.answer["flows"] == []
    assert outcome.code == 0
    if line:
        assert error["line"] == line
        assert "sample.py" in error["traceback"]
    assert "tui_flow/sdk" not in error["traceback"].split("sample.py")[0]


def test_an_error_in_an_imported_module_names_the_import(describe: Describe, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("x = 1\n\n1 / 0\n")
    error = describe("import os\nimport helper\n").answer["error"]
    assert error["line"] == 2
    assert "helper.py" in error["traceback"]


def test_a_syntax_error_in_an_imported_module_names_the_import(describe: Describe, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("x = 1\n\n1 +\n")
    error = describe("import os\nimport helper\n").answer["error"]
    assert error["line"] == 2
    assert 'helper.py", line 3' in error["traceback"]


def test_two_flows_of_one_name_are_an_error_with_both_lines(describe: Describe) -> None:
    source = (
        "from tui_flow import flow\n@flow\ndef load_all(): pass\n@flow(name='load_all')\ndef other(): pass\n"
    )
    error = describe(source).answer["error"]
    assert "lines 2 and 4" in error["error"]
    assert error["line"] == 4


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (lambda path: None, "No such file"),
        (lambda path: os.mkfifo(path), "not a plain file"),
        (lambda path: path.mkdir(), "directory"),
        (lambda path: path.symlink_to(path), "symbolic links"),
        (lambda path: path.open("wb").truncate(50_000_000), "50,000,000 bytes"),
    ],
)
def test_what_is_no_file_to_read_is_told(
    describe: Describe, before: Callable[[Path], None], words: str
) -> None:
    assert words in describe(None, before=before).answer["error"]["error"]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("import os\nos._exit(0)\n", 0),
        ("import os\nos.kill(os.getpid(), 11)\n", -11),
        ("import ctypes\nctypes.string_at(0)\n", -11),
        ("import os\nos.closerange(3, 1000)\nos._exit(7)\n", 7),
        ("while True: pass\n", None),
        ("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass\n", None),
    ],
)
def test_a_process_that_ends_or_hangs_gives_no_answer(
    describe: Describe, source: str, code: int | None
) -> None:
    outcome = describe(source, limit=20 if code is not None else 0.5)
    assert outcome.answer is None
    assert outcome.code == code


FLOW = "from tui_flow import flow\n@flow\ndef sample(): pass\n"


@pytest.mark.parametrize(
    "source",
    [
        "print('x' * 5_000_000)\n",
        "import os\nos.write(1, b'x')\nos.closerange(0, 3)\n",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n",
        "import atexit, time\natexit.register(time.sleep, 60)\n",
        "import os\nif os.fork() == 0:\n    pass\n",
        "import signal, sys\nsys.stdout = sys.stderr = None\nsignal.alarm(0)\n",
        "import os\nos.chdir('/')\n",
        "import builtins, json\nbuiltins.open = json.dumps = None\n",
    ],
)
def test_what_a_file_does_beside_its_flows_does_not_spoil_the_answer(describe: Describe, source: str) -> None:
    outcome = describe(source + FLOW, limit=10)
    assert outcome.code == 0
    assert [flow["name"] for flow in outcome.answer["flows"]] == ["sample"]


def test_nothing_of_the_answer_goes_to_the_output(describe: Describe) -> None:
    assert describe(FLOW).output == b""


def test_children_do_not_inherit_the_private_descriptor(describe: Describe) -> None:
    source = "import os, subprocess\nprint(subprocess.run(['ls', '/proc/self/fd'], capture_output=True).stdout, flush=True)\n"
    assert describe(source).output.strip() == b"b'0\\n1\\n2\\n3\\n'"


def test_what_a_file_starts_ends_with_the_description(describe: Describe, tmp_path: Path) -> None:
    source = f"""
        import os, time
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.write(writing, b"%d" % os.getpid())
                time.sleep(60)
            os._exit(0)
        open({str(tmp_path / "pid")!r}, "wb").write(os.read(reading, 10))
        """
    assert describe(source).code == 0
    wait_until(lambda: not is_alive(int((tmp_path / "pid").read_text())))


def test_a_flow_that_is_called_at_import_is_an_error_and_no_run(describe: Describe, tmp_path: Path) -> None:
    error = describe(FLOW + "sample()\n").answer["error"]
    assert "__main__" in error["error"]
    assert error["line"] == 4
    assert rundir.run_ids(tmp_path / rundir.STATE_DIR) == []


def test_a_file_that_stands_in_for_one_of_pythons_own_is_named(describe: Describe) -> None:
    outcome = describe(
        "import concurrent.futures",
        before=lambda path: path.with_name("concurrent.py").write_text("") and None,
    )
    assert "concurrent.py beside it stands in for Python's own concurrent" in outcome.answer["error"]["error"]
