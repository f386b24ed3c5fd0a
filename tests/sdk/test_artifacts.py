"""Artifacts and progress: what is told, by whom, and what is refused."""

import asyncio
import os
from typing import Any
from uuid import UUID

import pytest

from tests.sdk.history import History
from tui_flow import flow, progress, task
from tui_flow.contract import journal, rundir, spool
from tui_flow.sdk import artifacts, progressing


def told(history: History) -> list[Any]:
    kinds = (journal.ArtifactCreated, journal.ArtifactUpdated)
    return [event for run in history.runs for event in run.events if isinstance(event, kinds)]


def test_each_kind_is_in_the_journal_with_who_made_it(history: History) -> None:
    @task
    def report() -> None:
        artifacts.create_table_artifact([{"a": 1, "b": None}], key="totals", description="per day")

    @flow
    def etl() -> None:
        artifacts.create_markdown_artifact("# Done", key="daily-report")
        artifacts.create_link_artifact("https://example.org/x", "the source")
        artifacts.create_image_artifact("https://example.org/plot.png")
        report()

    etl()
    text, link, image, table = told(history)
    assert (text.type, text.key, text.data, text.task_run) == ("markdown", "daily-report", "# Done", 0)
    assert link.data == "[the source](https://example.org/x)"
    assert (image.type, image.data) == ("image", "https://example.org/plot.png")
    assert (table.type, table.data, table.description, table.task_run) == (
        "table", [{"a": 1, "b": None}], "per day", 1,
    )  # fmt: skip


def test_progress_goes_on_under_one_id(history: History) -> None:
    ids: list[UUID] = []

    @flow
    def etl() -> None:
        ids.append(artifacts.create_progress_artifact(0.0, description="upload"))
        ids.append(artifacts.update_progress_artifact(ids[0], 62.5))

    etl()
    made, updated = told(history)
    assert ids[0] == ids[1] and str(ids[0]) == made.id == updated.id
    assert made.data == {"done": 0.0, "total": 100.0, "unit": "%"}
    assert updated.data["done"] == 62.5


def test_every_function_can_be_awaited(history: History) -> None:
    found: list[UUID] = []

    @flow
    async def etl() -> None:
        found.append(await artifacts.create_markdown_artifact("one"))  # type: ignore[misc]
        found.append(await artifacts.acreate_markdown_artifact("two"))
        shown = await artifacts.acreate_progress_artifact(1.0)
        found.append(await artifacts.aupdate_progress_artifact(shown, 2.0))

    asyncio.run(etl())  # type: ignore[arg-type]
    assert len({*found}) == 3 and all(isinstance(id, UUID) for id in found)
    assert len(told(history)) == 4


def test_the_last_version_of_a_key_is_found_again(history: History) -> None:
    @flow
    def etl() -> None:
        artifacts.MarkdownArtifact(key="note", markdown="first").create()
        artifacts.MarkdownArtifact(key="note", markdown="second").create()
        artifacts.ProgressArtifact(key="far", progress=40.0).create()

    etl()
    found, far = artifacts.Artifact.get("note"), artifacts.Artifact.get("far")
    assert found is not None and far is not None
    assert (found.data, found.type, far.data) == ("second", "markdown", 40.0)
    assert artifacts.Artifact.get("none") is None and artifacts.Artifact.get("../etl") is None
    same, is_new = artifacts.MarkdownArtifact.get_or_create(key="note", markdown="third")
    assert (same.data, is_new) == ("second", False)
    other, is_new = artifacts.LinkArtifact.get_or_create(key="more", link="https://example.org")
    assert (other.data, is_new) == ("[https://example.org](https://example.org)", True)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: artifacts.create_markdown_artifact("x", key="Not_a_key"), "lowercase letters"),
        (lambda: artifacts.create_markdown_artifact("x", key=""), "lowercase letters"),
        (lambda: artifacts.create_progress_artifact(101), "from 0 to 100"),
        (lambda: artifacts.create_progress_artifact(float("nan")), "from 0 to 100"),
        (lambda: artifacts.create_markdown_artifact("x" * 1_100_000), "write a file, and show a link"),
        (lambda: artifacts.MarkdownArtifact(), "needs markdown="),
        (lambda: artifacts.LinkArtifact(link="x", lnik_text="y"), "knows no lnik_text="),
    ],
    ids=["key", "no key", "too far", "nan", "too big", "nothing", "typo"],
)  # fmt: skip
def test_what_is_no_artifact_is_refused_and_nothing_is_told(history: History, make: Any, words: str) -> None:
    @flow
    def etl() -> None:
        with pytest.raises(ValueError, match=words):
            make()

    etl()
    assert told(history) == []


def test_outside_of_a_run_and_in_a_forked_child_it_waits_in_a_file(history: History) -> None:
    artifacts.create_markdown_artifact("from a script", key="note")

    @flow
    def etl() -> None:
        child = os.fork()
        if child == 0:
            try:
                artifacts.create_markdown_artifact("from a child")
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    etl()
    found = [spool.read(path) for path in spool.left(rundir.open_state_dir(history.project), 10)]
    assert [(note.data, run) for note, run in filter(None, found)] == [  # type: ignore[union-attr]
        ("from a script", None), ("from a child", 1),
    ]  # fmt: skip


def test_a_loop_tells_how_far_it_is_now_and_then_and_how_it_ended(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(value / 10 for value in range(1000))
    monkeypatch.setattr(progressing.time, "monotonic", lambda: next(clock))

    @flow
    def etl() -> list[int]:
        return list(progress([5] * 10, "loading", unit="rows"))

    assert etl() == [5] * 10
    first, *rest = told(history)
    assert (first.description, first.data) == ("loading", {"done": 0, "total": 10, "unit": "rows"})
    assert [update.data["done"] for update in rest] == [3, 6, 9, 10]


def test_a_loop_that_is_left_says_how_far_it_came(history: History) -> None:
    @flow
    def etl() -> None:
        for number in progress(iter(range(10))):
            if number == 4:
                raise ValueError

    with pytest.raises(ValueError):
        etl()
    assert told(history)[-1].data == {"done": 4, "total": None, "unit": ""}


def test_outside_of_a_run_a_loop_is_only_a_loop(history: History) -> None:
    assert list(progress(range(3))) == [0, 1, 2]
    assert told(history) == []
