"""Tasks that whoever starts the run leaves out are not called, whatever way they would have been, and a rerun of one
task alone takes everything else as it was."""

from collections.abc import Iterator

import pytest

from tests.sdk.attempts import TWO_STEPS, Attempts
from tests.sdk.history import require_legal
from tests.sdk.keeping import Make
from tui_flow.contract import journal
from tui_flow.contract.left_out import WHY, in_words, is_left_out
from tui_flow.sdk import preview


@pytest.fixture
def attempts(make: Make) -> Iterator[Attempts]:
    found = Attempts(make)
    yield found
    require_legal(found.events)


EVERY_WAY = """
import asyncio
from tui_flow.task_runners import ProcessPoolTaskRunner

def hooked(*_):
    note("hook")

@task(on_completion=[hooked], on_running=[hooked], persist_result=True)
def out(number=0):
    note("out")
    return number

@task
async def out_async():
    note("out")

@task
def out_items():
    note("out")
    yield 1

@task
def kept(value):
    note("kept")
    return value

@task
def around():
    return out(5)

@flow
def inner():
    return out(1)

@flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
def elsewhere():
    return around.submit().result()

@flow
def sample():
    first = out.submit(2)
    gave = [out(1), asyncio.run(out_async()), list(out_items()), first.result(), inner(), elsewhere()]
    gave += out.map([1, 2]).result()
    gave += kept.map(out_items.submit()).result()
    Path("total").write_text(repr(gave) + str(kept(first)))
"""


def test_a_task_that_is_left_out_gives_none_however_it_is_called(attempts: Attempts) -> None:
    assert attempts.run(EVERY_WAY, skip=["out*"]).state == "completed"
    assert attempts.noted() == ["kept"]
    assert (attempts.project / "total").read_text() == "[None, None, [], None, None, None, None, None]None"
    skipped = [event for event in attempts.events if isinstance(event, journal.TaskFinished)]
    out = [event for event in skipped if event.state == "skipped"]
    assert len(out) == 9 and {(event.state_name, event.message) for event in out} == {("Skipped", WHY)}


def test_only_leaves_out_all_others_but_not_what_a_task_calls_itself(attempts: Attempts) -> None:
    assert attempts.run(EVERY_WAY, only=["around"]).state == "completed"
    assert attempts.noted() == ["hook", "out", "hook"]


def test_what_was_left_out_runs_in_an_attempt_that_leaves_nothing_out(attempts: Attempts) -> None:
    attempts.run(TWO_STEPS, skip=["extract"])
    assert attempts.noted() == ["load"]
    (attempts.project / "ready").touch()
    assert attempts.run(skip=[]).state == "completed"
    assert attempts.noted() == ["extract", "load"]
    assert (attempts.project / "total").read_text() == "3"


def test_a_task_that_a_rerun_names_is_left_out_no_more(attempts: Attempts) -> None:
    (attempts.flows / "..").resolve().joinpath("ready").touch()
    attempts.run(TWO_STEPS, skip=["extract", "load"])
    assert attempts.noted() == []
    attempts.run(skip=["extract", "load"], rerun_only=["extract"], reuse="any", asked_attempt=2)
    assert attempts.noted() == ["extract"]
    attempts.run(skip=["extract", "load"], rerun_from=["load"], asked_attempt=3)
    assert attempts.noted() == ["load"]


def test_what_waits_for_a_failure_does_not_run_and_passes_it_on_although_it_is_left_out(
    attempts: Attempts,
) -> None:
    attempts.run(
        """
@task
def extract():
    raise ValueError("no")

@task
def clean(rows):
    note("clean")

@task
def load(rows):
    note("load")

@flow
def sample():
    load.submit(clean.submit(extract.submit())).wait()
""",
        skip=["clean"],
    )
    assert attempts.noted() == []
    assert attempts.states() == [
        "extract failed Failed",
        "clean upstream_failed NotReady",
        "load upstream_failed NotReady",
    ]


def test_only_one_task_runs_again_and_the_rest_stands_whatever_became_of_it(attempts: Attempts) -> None:
    (attempts.flows / "..").resolve().joinpath("ready").touch()
    attempts.run(TWO_STEPS)
    assert attempts.noted() == ["extract", "load"]
    directory = attempts.kept.directory
    attempts.write(TWO_STEPS.replace("day + 1", "day + 5"))
    told = preview.preview(directory, {"only": ["load"]})
    assert (told.reuse, told.run, told.asked, told.changed) == (1, 1, 1, 0)
    changed = TWO_STEPS.replace("day + 1", "day + 5").replace("sum(rows)", "sum(rows) * 10")
    assert (
        attempts.run(changed, rerun_only=["load"], reuse="any", asked_attempt=2, parameters={"day": 7}).state
        == "completed"
    )
    assert attempts.noted() == ["load"]
    assert (attempts.project / "total").read_text() == "30"
    attempts.run(rerun_only=["extract"], reuse="any", asked_attempt=3)
    assert attempts.noted() == ["extract"]
    assert (attempts.project / "total").read_text() == "30"


NESTED = """
@task
def fetch(day):
    note("fetch")
    return day

@task
def collect(days):
    note("collect")
    return [fetch(day) for day in days]

@task
def mail(rows):
    note("mail")

@flow
def sample():
    mail(collect([1, 2]))
"""


def test_what_is_called_by_another_task_runs_again_with_that_one_around_it(attempts: Attempts) -> None:
    attempts.run(NESTED)
    assert attempts.noted() == ["collect", "fetch", "fetch", "mail"]
    told = preview.preview(attempts.kept.directory, {"only": ["fetch"]})
    assert (told.reuse, told.run) == (1, 3)
    attempts.run(rerun_only=["fetch"], reuse="any", asked_attempt=2)
    assert attempts.noted() == ["collect", "fetch", "fetch"]


def test_a_preview_does_not_count_what_is_left_out_again(attempts: Attempts) -> None:
    attempts.run(TWO_STEPS, skip=["extract"])
    directory = attempts.kept.directory
    assert preview.preview(directory, {}).run == 1
    assert preview.preview(directory, {"force": True}).run == 2
    told = preview.preview(directory, {"only": ["extract"]})
    assert (told.run, told.failed, told.asked) == (2, 1, 1)
    attempts.run(skip=["extract"], rerun_only=["extract"], reuse="any", asked_attempt=2)
    told = preview.preview(directory, {})
    assert (told.reuse, told.run) == (0, 1), "what an attempt made all the same is left out again"


@pytest.mark.parametrize(
    ("skip", "only", "left", "words"),
    [
        (["load"], [], {"load"}, "load"),
        (["load_*", "mail"], [], {"load_all", "mail"}, "load_*, mail"),
        ([], ["load*"], {"mail"}, "all but load*"),
        (["load"], ["load*"], {"load", "mail"}, "load; all but load*"),
        ([], [], set(), ""),
    ],
)
def test_patterns_say_which_tasks_are_left_out(
    skip: list[str], only: list[str], left: set[str], words: str
) -> None:
    names = {"load", "load_all", "mail"}
    assert {name for name in names if is_left_out(name, skip, only)} == left
    assert in_words(skip, only) == words
