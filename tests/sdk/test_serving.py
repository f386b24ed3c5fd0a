"""What authors may say about served flows, and what each mistake gets."""

import sys
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tui_flow import Cron, flow, on_event, serve, task
from tui_flow.contract import schedules as contract
from tui_flow.contract.errors import BrokenFlow
from tui_flow.sdk import flow_file
from tui_flow.sdk.deployments import run_deployment
from tui_flow.sdk.describe import describe
from tui_flow.sdk.exceptions import InvalidNameError, MissingFlowError, UnsupportedFeature


@flow(version="v1")
def etl(day: str = "today") -> str:
    """Loads a day."""
    return day


@task
def load() -> None: ...


def declared(**options: Any) -> list[contract.Schedule]:
    """The schedules that travel to the engine."""
    return [contract.from_json(one) for one in etl.to_deployment("nightly", **options).wish()["schedules"]]


@pytest.mark.parametrize(
    ("options", "when"),
    [
        ({"cron": "0 3 * * *"}, "cron"), ({"interval": 60}, "interval"), ({"interval": timedelta(minutes=1)}, "interval"),
        ({"rrule": "FREQ=DAILY"}, "rrule"), ({"schedule": Cron("0 3 * * *")}, "cron"),
        ({"schedules": [Cron("0 3 * * *")]}, "cron"), ({"triggers": [on_event("day.closed")]}, "event"),
        ({"schedules": [{"cron": "0 3 * * *", "timezone": "Europe/Paris"}]}, "cron"),
        ({"schedules": [{"schedule": Cron("0 3 * * *"), "active": True}]}, "cron"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else value,
)  # fmt: skip
def test_a_single_schedule_is_named_after_what_is_served(options: dict[str, Any], when: str) -> None:
    (one,) = declared(**options)
    assert (one.kind, one.slug, one.active) == (when, "nightly", True)


def test_several_have_names_that_tell_them_apart_unless_their_author_names_them() -> None:
    first, second, third = declared(
        schedules=[Cron("0 3 * * *"), Cron("0 4 * * *"), Cron("0 5 * * *", slug="late")]
    )
    assert first.slug.startswith("nightly:cron-") and second.slug.startswith("nightly:cron-")
    assert len({first.slug, second.slug, third.slug}) == 3 and third.slug == "late"
    assert [one.when.cron for one in declared(cron=["0 1 * * *", "0 2 * * *"])] == ["0 1 * * *", "0 2 * * *"]  # type: ignore[union-attr]


def test_paused_declares_all_of_them_paused_and_parameters_are_their_own() -> None:
    (one,) = declared(cron="0 3 * * *", paused=True)
    assert not one.active
    (one,) = declared(schedule=Cron("0 3 * * *", parameters={"day": "monday"}, active=False))
    assert (one.active, one.parameters) == (False, {"day": "monday"})


def test_it_says_what_it_is_by_prefects_names() -> None:
    found = etl.to_deployment(
        "nightly", cron="0 3 * * *", tags=["b", "a"], parameters={"day": "x"}, concurrency_limit=2
    )
    assert (found.full_name, found.tags, found.version) == ("etl/nightly", ["a", "b"], "v1")
    assert (found.description, found.parameters, found.concurrency_limit) == ("Loads a day.", {"day": "x"}, 2)
    assert found.entrypoint == f"{Path(__file__).resolve()}:etl"
    assert etl.to_deployment(__file__).name == "test_serving"


async def test_it_is_made_by_those_who_await_it_too() -> None:
    assert (await etl.ato_deployment("nightly")).full_name == "etl/nightly"


def in_a_function() -> Any:
    @flow
    def hidden() -> None: ...

    return hidden


@pytest.mark.parametrize(
    ("use", "error", "what"),
    [
        (lambda: etl.to_deployment("a", cron="* * * * *", interval=3), ValueError, "Only one of interval"),
        (lambda: etl.to_deployment("a/b"), InvalidNameError, "a/b"),
        (lambda: etl.to_deployment("a", schedule="0 3 * * *"), TypeError, "Expected a schedule"),
        (lambda: etl.to_deployment("a", nonsense=1), TypeError, "nonsense"),
        (lambda: etl.to_deployment("a", work_pool_name="pool"), UnsupportedFeature, "work_pool_name"),
        (lambda: etl.to_deployment("a", triggers=["x"]), UnsupportedFeature, "triggers="),
        (lambda: etl.to_deployment("a").apply(), UnsupportedFeature, "apply"),
        (lambda: etl.deploy("a", work_pool_name="pool"), UnsupportedFeature, "etl.serve|my_flow.serve"),
        (lambda: load.serve(), UnsupportedFeature, "Task.serve"),
        (lambda: in_a_function().to_deployment("a"), ValueError, "top level"),
        (lambda: serve(), ValueError, "to_deployment"),
        (lambda: serve(etl), TypeError, "to_deployment"),  # type: ignore[arg-type]
        (lambda: serve(etl.to_deployment("a"), etl.to_deployment("a")), ValueError, "etl/a: served twice"),
        (lambda: serve(etl.to_deployment("a"), webserver=True), UnsupportedFeature, "webserver"),
        (lambda: run_deployment("etl"), ValueError, "flow/name"),
        (lambda: run_deployment("etl/a", timeout=-1), ValueError, "negative"),
        (lambda: run_deployment("etl/a", work_queue_name="q"), UnsupportedFeature, "work_queue_name"),
    ],
    ids=map(str, range(17)),
)  # fmt: skip
def test_a_mistake_is_told_at_once(use: Any, error: type[Exception], what: str) -> None:
    with pytest.raises(error, match=what):
        use()


async def test_in_an_event_loop_it_is_aserve_that_serves() -> None:
    with pytest.raises(RuntimeError, match="aserve"):
        etl.serve()


def test_a_file_that_serves_while_it_is_imported_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "flows" / "bare.py"
    path.parent.mkdir()
    path.write_text("from tui_flow import flow\n\n@flow\ndef bare(): ...\n\nbare.serve()\n")
    answer, _ = describe(tmp_path, path)
    assert "__main__" in answer["error"]["error"] and answer["error"]["line"] == 6


SOURCE = """
    from tui_flow import flow

    @flow
    def one(n: int = 1): return n + 1

    @flow(name="the-other")
    def other(): return "other"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "several.py").write_text(textwrap.dedent(SOURCE))
    (tmp_path / "single.py").write_text("from tui_flow import flow\n\n@flow\ndef single(): return 1\n")
    (tmp_path / "bad.py").write_text("import nothing_of_that_name\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def test_a_flow_is_loaded_from_another_folder(folder: Path) -> None:
    before = flow_file.loaded
    found = flow.from_source(source=str(folder), entrypoint="several.py:one")
    assert (found.name, found.fn(2)) == ("one", 3)
    assert flow.from_source(folder, "several.py:the-other").fn() == "other"
    assert flow.from_source(folder, "single.py").name == "single"
    assert found.to_deployment("x").entrypoint == f"{folder.resolve() / 'several.py'}:one"
    assert flow_file.loaded is before and flow_file.importing is None


@pytest.mark.parametrize(
    ("entrypoint", "error", "what"),
    [
        ("several.py", MissingFlowError, "several flows"), ("several.py:none", MissingFlowError, "no flow 'none'"),
        ("missing.py:one", BrokenFlow, "No such file"), ("bad.py:one", BrokenFlow, "nothing_of_that_name"),
    ],
    ids=["several", "none", "missing", "bad"],
)  # fmt: skip
def test_a_flow_that_is_not_there_is_told(
    folder: Path, entrypoint: str, error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what):
        flow.from_source(folder, entrypoint)


def test_a_source_elsewhere_is_refused() -> None:
    with pytest.raises(UnsupportedFeature, match="clone it"):
        flow.from_source("https://example.org/flows.git", "etl.py:etl")
