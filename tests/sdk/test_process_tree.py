"""Finding processes below another one, and signalling them by identity."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.sdk.keeping import is_alive
from tests.waiting import wait_until
from tui_flow.contract.processes import Process, send
from tui_flow.contract.rundir import ENV_COOKIE
from tui_flow.sdk import process_tree
from tui_flow.sdk.process_tree import descendants

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """A child of this process and a grandchild in a session of its own."""
    environment = {**os.environ, ENV_COOKIE: "c0ffee"}
    with subprocess.Popen(
        [sys.executable, "-S", "-c", PARENT], stdout=subprocess.PIPE, env=environment
    ) as child:
        assert child.stdout is not None
        grandchild = int(child.stdout.readline())
        yield child.pid, grandchild
        child.kill()
        if is_alive(grandchild):
            os.kill(grandchild, signal.SIGKILL)


def test_descendants_come_parents_first(family: tuple[int, int]) -> None:
    child, grandchild = family
    found = [process for process in descendants(os.getpid(), "") if process.pid in family]
    assert found == [Process(child, os.getpid()), Process(grandchild, child)]
    wait_until(lambda: "time.sleep(60)" in found[1].command)  # empty for a moment while it is exec'ed


def test_without_proc_they_are_found_by_descent_and_by_cookie(
    family: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    child, grandchild = family
    assert set(family) <= {process.pid for process in process_tree._find_with_psutil(os.getpid(), "c0ffee")}
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: not is_alive(child))
    found = process_tree._find_with_psutil(os.getpid(), "c0ffee")
    assert grandchild in [process.pid for process in found]


def test_a_signal_goes_to_that_process_and_to_no_other(family: tuple[int, int]) -> None:
    child, grandchild = family
    somebody_else = Process(grandchild, parent=1)
    assert not send(somebody_else, signal.SIGKILL)
    assert is_alive(grandchild)
    assert send(Process(grandchild, child), signal.SIGKILL)
    wait_until(lambda: not is_alive(grandchild))


def test_a_process_that_is_gone_is_no_error(family: tuple[int, int]) -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as gone:
        gone.wait()
        assert not send(Process(gone.pid, os.getpid()), signal.SIGKILL)
        assert Process(gone.pid, os.getpid()).command == ""
