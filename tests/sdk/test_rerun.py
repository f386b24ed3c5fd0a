"""A later attempt reuses what succeeded, with equal arguments and equal code, and runs anything else."""

import json
import os
from pathlib import Path

import pytest

from tests.sdk.attempts import PRELUDE, TWO_STEPS, Attempts
from tests.sdk.history import require_legal
from tui_flow.contract import calls, rundir
from tui_flow.sdk import rerun


def test_what_succeeded_is_reused_and_what_failed_runs(attempts: Attempts) -> None:
    assert attempts.run(TWO_STEPS).state == "failed"
    assert attempts.noted() == ["extract", "load"]
    (attempts.project / "ready").touch()
    assert attempts.run().state == "completed"
    assert attempts.noted() == ["load"]
    assert attempts.states() == ["extract cached Reused", "load completed Completed"]
    assert (attempts.project / "total").read_text() == "3"
    require_legal(attempts.events)


def test_a_third_attempt_builds_on_all_before(attempts: Attempts) -> None:
    for _ in range(2):
        assert attempts.run(TWO_STEPS).state == "failed"
    assert attempts.noted() == ["extract", "load", "load"]
    (attempts.project / "ready").touch()
    assert attempts.run().state == "completed"
    assert attempts.noted() == ["load"]


def test_an_edited_neighbour_does_not_count_and_edited_code_does(attempts: Attempts) -> None:
    attempts.run(TWO_STEPS)
    mended = TWO_STEPS.replace("if not", "if False and not")
    assert attempts.run(mended).state == "completed"
    assert attempts.noted() == ["extract", "load", "load"]
    attempts.run(mended.replace("day + 1", "day + 2"))
    assert attempts.noted() == ["extract", "load"]
    assert (attempts.project / "total").read_text() == "4"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("@task\ndef extract", "@task(retries=3, retry_delay_seconds=1)\ndef extract"),
        ('    note("extract")', '    """Says what it does."""\n    # and why\n    note( "extract" )'),
        ("@flow\ndef sample", "LIMIT = 3\n\n@flow(log_prints=True)\ndef sample"),
    ],
)
def test_what_changes_no_result_is_no_change(attempts: Attempts, before: str, after: str) -> None:
    attempts.run(TWO_STEPS)
    (attempts.project / "ready").touch()
    attempts.run(TWO_STEPS.replace(before, after))
    assert attempts.noted() == ["extract", "load", "load"]


HELPED = """
from helping import shift, scale as scaled
import helping

FACTOR = 2
OFFSET = FACTOR + 1

def double(number):
    return number * FACTOR

class Shaper:
    def shape(self, number):
        return double(number) + OFFSET

@task
def work(number: int) -> int:
    note("work")
    return shift(Shaper().shape(number)) + scaled(number) + helping.plus(number)

@flow
def sample():
    work(1)
"""
HELPING = "STEP = 1\n\ndef shift(n):\n    return n + STEP\n\ndef scale(n):\n    return n\n\ndef plus(n):\n    return n\n\ndef other(n):\n    return n\n"


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("sample.py", "FACTOR = 2", "FACTOR = 3"),
        ("sample.py", "number * FACTOR", "FACTOR * number"),
        ("sample.py", "+ OFFSET", "- OFFSET"),
        ("helping.py", "STEP = 1", "STEP = 2"),
        ("helping.py", "def scale(n):\n    return n", "def scale(n):\n    return -n"),
        ("helping.py", "def plus(n):\n    return n", "def plus(n):\n    return -n"),
    ],
)
def test_what_a_task_names_is_part_of_its_code(
    attempts: Attempts, file: str, before: str, after: str
) -> None:
    attempts.write(HELPING, "helping.py")
    attempts.run(HELPED)
    attempts.write(
        HELPING.replace("def other(n):\n    return n", "def other(n):\n    return 0"), "helping.py"
    )
    attempts.run()
    assert attempts.noted() == ["work"]
    path = attempts.flows / file
    path.write_text(path.read_text().replace(before, after))
    attempts.run()
    assert attempts.noted() == ["work"]


def test_other_parameters_run_what_depends_on_them(attempts: Attempts) -> None:
    (Path(attempts.kept.spec.project) / "ready").touch()
    attempts.run(TWO_STEPS)
    attempts.run(parameters={"day": 2})
    assert attempts.noted() == ["extract", "load", "extract", "load"]
    attempts.run(parameters={"day": 1})
    assert attempts.noted() == []


def test_options_say_what_is_reused(attempts: Attempts) -> None:
    (Path(attempts.kept.spec.project) / "ready").touch()
    attempts.run(TWO_STEPS)
    attempts.run(reuse="nothing", asked_attempt=2)
    assert attempts.noted() == ["extract", "load"] * 2
    attempts.run(rerun_from=["load"], asked_attempt=3)
    assert attempts.noted() == ["load"]
    attempts.run(rerun_from=["load"], asked_attempt=3)
    assert attempts.noted() == []
    attempts.run(reuse="nothing", asked_attempt=4)
    assert attempts.noted() == ["extract", "load"]
    attempts.run(reuse="nothing", asked_attempt=5)
    assert attempts.noted() == []
    attempts.run(TWO_STEPS.replace("return sum(rows)", "return sum(rows) + 1"), reuse="succeeded")
    assert attempts.noted() == []


MAPPED = """
@task
def load(number):
    note(number)
    if number == 2 and not Path("ready").exists():
        raise ValueError(number)
    return {"number": number, "pair": (number, number), "path": Path("x")}

@task
def join(rows):
    note("join")
    assert rows[0] == {"number": 0, "pair": (0, 0), "path": Path("x")}, rows
    return len(rows)

@flow
def inner():
    return join(load.map(range(4)))

@flow
def sample():
    load.submit(9).result()
    inner()
    inner()
"""


def test_mapped_submitted_and_nested_calls_are_found_again(attempts: Attempts) -> None:
    attempts.run(MAPPED)
    assert sorted(attempts.noted()) == ["0", "1", "2", "3", "9"]
    (attempts.project / "ready").touch()
    assert attempts.run().state == "completed"
    assert sorted(attempts.noted()) == ["0", "1", "2", "2", "3", "join", "join"]
    attempts.run()
    assert attempts.noted() == []
    entries = [entry for entry, _ in calls.read(attempts.kept.directory / rundir.CALLS)]
    paths = {entry.path for entry in entries if isinstance(entry, calls.Call)}
    assert {"load[0]", "inner[0]/load[0.3]", "inner[1]/load[0.0]", "inner[1]/join[0]"} <= paths


DIVERGING = """
@task
def load(number):
    note(number)

@flow
def sample(numbers: list[int] = [1, 2, 3]):
    for number in numbers:
        load(number)
"""


def test_a_rerun_that_takes_another_way_says_so(attempts: Attempts) -> None:
    attempts.run(DIVERGING)
    attempts.noted()
    assert attempts.run(parameters={"numbers": [2, 1]}).state == "completed"
    assert attempts.noted() == ["2", "1"]
    assert "load[0] is called with the arguments that load[1] had" in attempts.said
    assert "1 task calls of earlier attempts did not come again: load[2]" in attempts.said


@pytest.mark.parametrize("numbers", [[2, 1, 3], [1, 2]])
def test_a_strict_rerun_that_takes_another_way_fails(attempts: Attempts, numbers: list[int]) -> None:
    attempts.run(DIVERGING)
    assert attempts.run(parameters={"numbers": numbers}, is_strict=True).state == "failed"
    attempts.noted()
    assert attempts.run(is_strict=True).state == "completed"
    assert attempts.noted() == []


def test_digests_do_not_depend_on_the_hash_seed(attempts: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
@task
def load(words, table):
    note("load")
    return {"a", "b", "c"} == words or 3 in {1, 2, 3}

@flow
def sample():
    load({"a", "b", "c"}, {"x": {1, 2}, "y": frozenset("pq")})
"""
    import subprocess
    import sys

    attempts.write(PRELUDE + text)
    for seed in "012":
        attempts.attempt += 1
        rundir.write_spec(
            attempts.kept.directory,
            attempts.kept.spec._replace(attempt=attempts.attempt, first_task_run_id=attempts.attempt),
        )
        subprocess.run(
            [sys.executable, "-m", "tui_flow.sdk.keeper", str(attempts.kept.directory)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
    assert attempts.noted() == ["load"]


def test_a_task_can_tell_a_key_that_stays_the_same(attempts: Attempts) -> None:
    text = """
from tui_flow import get_run_context

@task
def pay():
    with Path("keys").open("a") as file:
        file.write(get_run_context().task_run.idempotency_key + "\\n")
    if not Path("ready").exists():
        raise ValueError

@flow
def sample():
    pay.submit().result()
"""
    attempts.run(text)
    (attempts.project / "ready").touch()
    attempts.run()
    assert (attempts.project / "keys").read_text().split() == [f"{attempts.kept.spec.run_id}/pay[0]"] * 2


def test_the_environment_is_told(attempts: Attempts) -> None:
    attempts.run(TWO_STEPS)
    found = [entry for entry, _ in calls.read(attempts.kept.directory / rundir.CALLS)]
    (environment,) = [entry for entry in found if isinstance(entry, calls.Environment)]
    assert environment.versions["python"].startswith("3.")
    assert json.dumps(environment.versions)


UNDONE = """
from tui_flow.transactions import transaction

@task
def write(name):
    note(f"write-{name}")

write.on_rollback(lambda txn: note("undo"))

@task
def check():
    if not Path("ready").exists():
        raise ValueError("no")

@flow
def sample():
    write("before")
    with transaction():
        write("inside")
        check()
"""


def test_what_a_transaction_undid_runs_again_and_what_it_reuses_can_be_undone(attempts: Attempts) -> None:
    attempts.run(UNDONE)
    assert attempts.noted() == ["write-before", "write-inside", "undo"]
    attempts.run()
    assert attempts.noted() == ["write-inside", "undo"]
    (attempts.project / "ready").touch()
    assert attempts.run().state == "completed"
    assert attempts.noted() == ["write-inside"]
    attempts.run(UNDONE.replace("        check()", "        check()\n        raise ValueError('late')"))
    assert attempts.noted() == ["undo"]


CACHED = """
from tui_flow.cache_policies import INPUTS

@task(cache_policy=INPUTS)
def load(number):
    note("load")
    return number

@flow
def sample():
    load(1)
    load(1)
"""


def test_a_cached_call_is_reused_as_others_are_and_force_runs_it_again(attempts: Attempts) -> None:
    attempts.run(CACHED)
    assert (attempts.noted(), attempts.states()) == (
        ["load"],
        ["load completed Completed", "load cached Cached"],
    )
    attempts.run()
    assert (attempts.noted(), attempts.states()) == ([], ["load cached Reused"] * 2)
    attempts.run(reuse="nothing", asked_attempt=3)
    assert attempts.noted() == ["load", "load"]


def test_a_task_whose_arguments_take_too_long_to_digest_is_given_up(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rerun, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(rerun, "GIVE_UP_SECONDS", 0.0)
    monkeypatch.setattr(rerun, "GIVE_UP_SHARE", 0.0)
    attempts.run(DIVERGING)
    assert "took 0.0 s to digest so far" in attempts.said
    attempts.run()
    assert attempts.noted() == ["1", "2", "3", "2", "3"]
