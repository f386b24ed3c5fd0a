"""A condition is asked again and again, in a process that is thrown away; what it says makes runs, what breaks it does not."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.house import House
from tests.engine.processes import processes_of
from tests.engine.test_triggers import again, build, disarmed, made, rows, spec_of, trigger
from tests.waiting import wait_until
from tui_flow.contract import failpoints
from tui_flow.contract.failpoints import FailpointReached
from tui_flow.contract.schedules import OnCondition, Schedule, to_json
from tui_flow.engine.condition_watch import Answer, Question, ask

__all__ = ["build", "disarmed"]
READY = to_json(Schedule(OnCondition("is_ready", 30.0, 10.0), "ready", overlap="skip"))
ANY = {"parameters": {"type": "object", "properties": {"what": {}}}}


def finish(house: House) -> None:
    for id in house.fake.running:
        house.fake.end(id)
    house.tick()
    house.tick()


def test_it_is_asked_once_in_a_poll_and_fires_when_it_says_so(build: Callable[..., House]) -> None:
    house = build(READY)
    assert house.asker.asked == [Question("flows/etl.py", "is_ready", "", 10.0)]
    for _ in range(29):
        house.tick(1.0)
    assert len(house.asker.asked) == 1 and made(house) == []
    house.asker.says = Answer(True, True)
    house.tick(1.0)
    (run,) = made(house)
    assert spec_of(house, run.id).cause == {"kind": "condition", "function": "is_ready", "value": True}
    assert rows(house)[0].message == "is_ready() said so"


def test_while_its_run_goes_on_it_is_not_asked_and_then_again(build: Callable[..., House]) -> None:
    house = build(READY)
    house.asker.says = Answer(True, True)
    house.tick(30.0)
    asked = len(house.asker.asked)
    for _ in range(10):
        house.tick(30.0)
    assert (len(house.asker.asked), len(made(house)), len(rows(house))) == (asked, 1, 1)
    finish(house)
    house.tick(1.0)
    assert len(made(house)) == 2


def test_a_value_is_something_to_do_and_makes_one_run_however_often_it_is_said(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = build({**READY, "overlap": "allow", "into": "what"}, flow=ANY)
    for value in ("batch 7", "batch 7", {"id": 8}, "batch 7", "x" * 1000, "x" * 1000):
        house.asker.says = Answer(True, value)
        house.tick(30.0)
    assert [run.parameters["what"] for run in made(house)] == ["batch 7", {"id": 8}, "x" * 1000]
    assert [run.id for run in made(house)] == [1, 2, 3]  # what is known takes no number
    house = again(house, make_house, 60.0)
    house.asker.says = Answer(True, "batch 7")
    house.tick(30.0)
    assert len(made(house)) == 3


@pytest.mark.parametrize("point", ["fire-dir-made", "fire-before-commit", "fire-committed", "trigger-fired"])
def test_an_engine_that_dies_at_each_step_leaves_one_run(
    build: Callable[..., House], make_house: Callable[..., House], point: str
) -> None:
    house = build({**READY, "overlap": "allow"})
    house.asker.says = Answer(True, "batch 7")
    failpoints.arm(f"{point}:1:raise")
    with pytest.raises(FailpointReached):
        house.tick(30.0)
    failpoints.arm(None)
    house = again(house, make_house, 1.0)
    house.asker.says = Answer(True, "batch 7")
    for _ in range(3):
        house.tick(30.0)
    assert len(made(house)) == len(rows(house)) == len(house.fake.order) == 1


def test_what_breaks_it_is_said_once_and_when_it_is_over(build: Callable[..., House]) -> None:
    house = build(READY)
    house.asker.says = Answer(False, trouble="is_ready() raised ValueError: no such table (etl.py:3)")
    for _ in range(5):
        house.tick(30.0)
    assert "no such table" in house.triggers.trouble(trigger(house).id)
    house.asker.says = Answer(False, False)
    house.tick(30.0)
    assert house.triggers.trouble(trigger(house).id) == ""
    log = (house.state_dir / "engine.log").read_text()
    assert log.count("no such table") == log.count("etl/ready: goes on") == 1
    house.tick(5.0)
    assert house.triggers.standing(trigger(house).id) == "is_ready() said no, 5 s ago"


def test_one_that_takes_its_time_is_waited_for_and_one_without_a_process_asks_later(
    build: Callable[..., House],
) -> None:
    house = build(READY)
    house.asker.is_free = False
    house.tick(30.0)
    assert len(house.asker.asked) == 1
    house.asker.is_free, house.asker.says = True, None
    house.tick(1.0)
    for _ in range(3):
        house.tick(30.0)
    assert len(house.asker.asked) == 2 and made(house) == []
    house.asker.future.set_result(Answer(True, True))
    house.tick(1.0)
    assert len(made(house)) == 1


BODIES: dict[str, tuple[str, Any]] = {
    "true": ("return True", (True, True)),
    "no": ("return 0", (False, 0)),
    "text": ("return 'batch 7'", (True, "batch 7")),
    "path": ("from pathlib import Path; return [Path('a')]", (True, ["a"])),
    "coroutine": ("async def later(): return 3\n    return later()", (True, 3)),
    "numpy's bool": ("import numpy; return numpy.bool_(True)", (True, True)),
    "much output": ("print('x' * 3_000_000); sys.stderr.write('y' * 3_000_000); return 1", (True, 1)),
    "closed descriptors": ("os.closerange(0, 4096); return 1", (True, 1)),
    "a thread": ("import threading; threading.Thread(target=time.sleep, args=(99,)).start(); return 1", (True, 1)),
    "a fork": ("os.fork(); return 1", (True, 1)),
    "a process": ("import subprocess; subprocess.Popen(['sleep', '99'], start_new_session=True); return 1", (True, 1)),
    "error": ("return 1 / 0", "is_ready() raised ZeroDivisionError: division by zero (sample.py:4)"),
    "exit": ("sys.exit(3)", "is_ready() raised"),
    "hard exit": ("os._exit(3)", "is_ready() exited with code 3, and said nothing"),
    "segfault": ("os.kill(os.getpid(), 11)", "is_ready() was ended by SIGSEGV, and said nothing"),
    "endless": ("while True: pass", "is_ready() took longer than 1.5 s"),
    "too much": ("return 'x' * 100_000", "it returned more than 65,536 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
async def test_whatever_a_condition_does_its_answer_comes_and_nothing_is_left(
    project: Path, name: str
) -> None:
    body, wanted = BODIES[name]
    if "numpy" in name:
        pytest.importorskip("numpy")
    path = project / "flows" / "sample.py"
    path.write_text(f"import os, sys, time\n\ndef is_ready():\n    {body}\n")
    seconds = 1.5 if "1.5" in str(wanted) else 30.0
    answer = await ask(project, Question("flows/sample.py", "is_ready", "", seconds))
    if isinstance(wanted, tuple):
        assert (answer.trouble, answer.says, answer.value) == ("", *wanted)
    else:
        assert wanted in answer.trouble and not answer.says
    wait_until(lambda: not processes_of(project))


async def test_a_condition_that_is_gone_and_a_file_that_is_broken_say_so(project: Path) -> None:
    path = project / "flows" / "sample.py"
    path.write_text(
        textwrap.dedent("""
        x = 1
        raise OSError("no share")
    """)
    )
    answer = await ask(project, Question("flows/sample.py", "is_ready", "", 30.0))
    assert answer.trouble == "the file could not be imported: OSError: no share (sample.py:3)"
    path.write_text("x = 1\n")
    answer = await ask(project, Question("flows/sample.py", "is_ready", "", 30.0))
    assert answer.trouble == "the file has no function is_ready() any more"
