"""The points at which the program can be made to fail: they cost nothing, and the list tells the truth."""

import errno
import os
import re
import signal
import subprocess
import sys
import timeit
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_flow.contract import failpoints
from tui_flow.contract.failpoints import ENV_FAILPOINT, POINTS, FailpointReached, failpoint

PACKAGE = Path(failpoints.__file__).parents[1]


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    failpoints.arm(None)
    yield
    failpoints.arm(None)


def test_the_list_holds_every_point_that_the_code_has_and_no_other() -> None:
    placed = [
        name
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "failpoints.py"
        for name in re.findall(r'failpoint\("([\w-]+)"\)', path.read_text("utf-8"))
    ]
    assert set(placed) == set(POINTS)
    assert len(set(placed)) >= 14


def test_nothing_happens_and_next_to_nothing_is_paid_where_none_is_armed() -> None:
    each = min(timeit.repeat(lambda: failpoint("spec-written"), number=10_000, repeat=5)) / 10_000
    assert each < 2e-6


def test_the_nth_time_is_the_one_that_counts() -> None:
    failpoints.arm("spec-written:3:raise, run-inserted:2+:enospc")
    failpoint("run-dir-made")
    failpoint("spec-written")
    failpoint("spec-written")
    with pytest.raises(FailpointReached, match="spec-written"):
        failpoint("spec-written")
    failpoint("spec-written")
    failpoint("run-inserted")
    for _ in range(2):
        with pytest.raises(OSError, match="run-inserted") as caught:
            failpoint("run-inserted")
        assert caught.value.errno == errno.ENOSPC


def test_a_process_is_killed_by_what_stands_in_its_environment() -> None:
    script = "from tui_flow.contract.failpoints import failpoint\nfailpoint('after-spawn')\nprint('here')\nfailpoint('after-spawn')"
    environment = {**os.environ, ENV_FAILPOINT: "after-spawn:2:kill"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout in (b"", b"here\n")  # what lay in its buffer died with it


def test_a_process_sleeps_as_long_as_it_is_told() -> None:
    failpoints.arm("spec-written:1:sleep=0.01")
    assert timeit.timeit(lambda: failpoint("spec-written"), number=1) >= 0.01


@pytest.mark.parametrize(
    "text", ["nowhere:1:kill", "spec-written", "spec-written:0:kill", "spec-written:x:kill", "spec-written:1:dance",
             "spec-written:1:sleep=long"],
)  # fmt: skip
def test_what_names_no_point_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not name:nth:action|float"):
        failpoints.arm(text)
