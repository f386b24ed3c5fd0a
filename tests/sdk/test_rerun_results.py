"""What an attempt keeps of its calls for the next one, and which calls are made again because that cannot be done."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdk.attempts import TWO_STEPS, Attempts
from tui_flow.contract import rundir

BIG = """
@task
def big():
    note("big")
    return "x" * 100_000

@task
def odd():
    note("odd")
    return lambda: 1

@task
def locked():
    import threading
    note("locked")
    return threading.Lock()

@task(persist_result=False)
def secret():
    note("secret")
    return "hush"

@flow
def sample():
    assert len(big()) == 100_000
    assert odd()() == 1
    locked()
    secret()
"""


def test_a_big_result_is_a_file_by_its_content_and_one_that_cannot_be_kept_runs_again(
    attempts: Attempts,
) -> None:
    attempts.run(BIG)
    attempts.noted()
    assert attempts.run().state == "completed"
    assert attempts.noted() == ["locked", "secret"]
    (file,) = (attempts.project / ".tui_flow" / "results" / "sha256").glob("*/*")
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"hush" not in (attempts.kept.directory / rundir.CALLS).read_bytes()


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"y" * 100_002)])
def test_a_lost_or_damaged_result_makes_its_task_run_again(
    attempts: Attempts, damage: Callable[[Path], object]
) -> None:
    attempts.run(BIG)
    attempts.noted()
    (file,) = (attempts.project / ".tui_flow" / "results" / "sha256").glob("*/*")
    damage(file)
    assert attempts.run().state == "completed"
    assert attempts.noted() == ["big", "locked", "secret"]
    assert "is missing or damaged" in attempts.said


def test_a_garbled_line_of_calls_makes_its_task_run_again(attempts: Attempts) -> None:
    (Path(attempts.kept.spec.project) / "ready").touch()
    attempts.run(TWO_STEPS)
    attempts.noted()
    path = attempts.kept.directory / rundir.CALLS
    path.write_bytes(path.read_bytes().replace(b"[1,2]", b"[1,7]"))
    with path.open("ab") as file:
        file.write(b"0badc0de {torn")
    attempts.run()
    assert attempts.noted() == ["extract"]


FILES = """
@task
def read(source: Path):
    note("read")
    return source.read_text()

@task
def write(text, target: Path):
    note("write")
    target.write_text(text)

@task
def opaque(thing):
    note("opaque")

class Thing:
    pass

@flow
def sample():
    write(read(Path("source")), Path("target"))
    opaque(Thing())
"""


def test_a_file_counts_by_what_it_is_and_what_has_no_digest_is_never_reused(attempts: Attempts) -> None:
    source = Path(attempts.kept.spec.project) / "source"
    source.write_text("one")
    attempts.run(FILES)
    assert attempts.run().state == "completed"
    assert attempts.noted() == ["read", "write", "opaque", "opaque"]
    source.write_text("two!")
    attempts.run()
    assert attempts.noted() == ["read", "write", "opaque"]
    (attempts.project / "target").write_text("spoilt")
    attempts.run()
    assert attempts.noted() == ["write", "opaque"]


CHANGES_WHAT_IT_IS_GIVEN = """
class Basket:
    def __init__(self): self.items = []

    @task
    def fill(self): note("fill"); self.items.append("plum")

@task
def mark_seen(day): note("mark"); day["seen"] = True; return day

@task
def look(day): note("look"); return dict(day)

@flow
def sample():
    day, basket, held = {}, Basket(), []

    @task
    def forgetful():
        nonlocal held
        del held

    mark_seen(day); look(day); basket.fill(); forgetful()
    if not Path("ready").exists():
        raise ValueError("not ready")
    Path("total").write_text(f"{day} {basket.items}")
"""


def test_a_call_that_changed_its_arguments_in_place_is_made_again(attempts: Attempts) -> None:
    assert attempts.run(CHANGES_WHAT_IT_IS_GIVEN).state == "failed"
    assert attempts.noted() == ["mark", "look", "fill"]
    (attempts.project / "ready").touch()
    assert attempts.run().state == "completed"
    assert attempts.noted() == ["mark", "fill"]
    assert (attempts.project / "total").read_text() == "{'seen': True} ['plum']"
    assert "'mark_seen' changes what it is given, in place: its calls are not kept" in attempts.said
