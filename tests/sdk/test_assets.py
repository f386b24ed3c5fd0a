"""Assets: what is told of what a flow produces, and from what it was made."""

from typing import Any

import pytest

from tests.sdk.history import History
from tui_flow import ProcessPoolTaskRunner, flow, task
from tui_flow.assets import Asset, AssetProperties, MaterializingTask, add_asset_metadata, materialize
from tui_flow.contract import journal
from tui_flow.sdk.exceptions import MissingContextError, UpstreamTaskError

RAW, CLEAN, REPORT = "s3://bucket/raw.csv", "postgres://prod/clean", "file:///reports/daily.html"


@materialize(RAW)
def extract() -> list[int]:
    return [1, 2]


@materialize(CLEAN, by="dbt")
def clean(rows: Any) -> dict[str, Any]:
    return {"rows": rows}


def told(history: History) -> list[journal.AssetMaterialized]:
    return history.last.of(journal.AssetMaterialized)


def test_an_asset_is_made_from_those_whose_results_its_task_got(history: History) -> None:
    @flow
    def etl() -> None:
        clean(extract())

    etl()
    raw, cleaned = told(history)
    assert (raw.key, raw.succeeded, raw.upstream, raw.by) == (RAW, True, [], None)
    assert (cleaned.key, cleaned.upstream, cleaned.by) == (CLEAN, [RAW], "dbt")
    (number,) = [event.id for event in history.last.created("clean")]
    assert cleaned.task_run == number


@pytest.mark.parametrize(
    "way",
    [
        lambda between: clean(extract.submit()),
        lambda between: clean([{"a": extract.submit()}]),
        lambda between: clean(1, wait_for=[extract.submit()]),
        lambda between: clean(extract(return_state=True)),
        lambda between: clean(between(extract())),
        lambda between: clean(between.submit(extract.submit())),
        lambda between: clean.map([extract.submit()]).wait(),
    ],
    ids=["future", "nested", "wait_for", "state", "through a task", "through a future", "map"],
)
def test_what_it_was_made_from_is_found_whichever_way_it_came(history: History, way: Any) -> None:
    @task
    def between(rows: list[int]) -> list[int]:
        return [*rows, 3]

    @flow
    def etl() -> None:
        way(between)

    etl()
    assert [(one.key, one.upstream) for one in told(history)] == [(RAW, []), (CLEAN, [RAW])]


def test_what_is_named_counts_too_and_only_the_next_one_above(history: History) -> None:
    @materialize(REPORT, asset_deps=["s3://outside/rates.csv", Asset(key="s3://outside/days.csv")])
    def report(found: Any) -> None:
        return None

    @flow
    def etl() -> None:
        report(clean(extract()))

    etl()
    last = told(history)[-1]
    assert last.upstream == ["s3://outside/rates.csv", "s3://outside/days.csv", CLEAN]


def test_properties_and_metadata_are_told_with_it(history: History) -> None:
    asset = Asset(key=RAW, properties=AssetProperties(name="Raw", owners=["ada@example.org"]))

    @materialize(asset, CLEAN)
    def both() -> None:
        asset.add_metadata({"rows": 1})
        add_asset_metadata(RAW, {"rows": 3, "source": "api"})

    @flow
    def etl() -> None:
        both()

    etl()
    raw, cleaned = told(history)
    assert raw.properties == {"name": "Raw", "owners": ["ada@example.org"]}
    assert raw.metadata == {"rows": 3, "source": "api"}
    assert (cleaned.properties, cleaned.metadata) == (None, None)


def test_metadata_comes_home_from_a_process(history: History) -> None:
    @materialize(RAW)
    def extract_there() -> None:
        add_asset_metadata(RAW, {"rows": 5})

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def etl() -> None:
        extract_there.submit().result()

    etl()
    (raw,) = told(history)
    assert (raw.succeeded, raw.metadata) == (True, {"rows": 5})


def test_one_that_fails_is_told_and_nothing_is_made_from_it(history: History) -> None:
    @materialize(RAW, retries=1)
    def broken() -> None:
        raise ValueError

    @flow
    def etl() -> None:
        clean(broken(return_state=True))

    with pytest.raises(UpstreamTaskError):
        etl()
    assert [(one.key, one.succeeded) for one in told(history)] == [(RAW, False)]


def test_one_that_is_taken_from_a_cache_is_not_made_again_but_known(history: History) -> None:
    cached = extract.with_options(cache_key_fn=lambda context, parameters: "one")

    @flow
    def etl() -> None:
        clean(cached())

    etl()
    etl()
    assert [(one.key, one.upstream) for one in told(history)] == [(CLEAN, [RAW])]


def test_it_is_a_task_with_all_options(history: History) -> None:
    renamed = clean.with_options(name="other", assets=[REPORT])
    assert isinstance(renamed, MaterializingTask) and renamed.name == "other"
    assert [asset.key for asset in renamed.assets] == [REPORT] and renamed.materialized_by == "dbt"
    assert clean.with_options(retries=2).assets == (Asset(CLEAN),)
    assert clean.fn(1) == {"rows": 1}
    assert extract() == [1, 2]  # outside of flows, where nothing is recorded


@pytest.mark.parametrize("key", ["", "no-uri", "s3:/one", "s3://", "s3://a b", "s3://" + "x" * 600, None, 7])
def test_a_key_that_is_no_uri_is_refused(key: Any) -> None:
    with pytest.raises(ValueError, match="is a URI"):
        Asset(key=key)


def test_what_makes_no_sense_is_refused(history: History) -> None:
    with pytest.raises(TypeError, match="names what is produced"):
        materialize(lambda: 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is a URI"):
        task(asset_deps=["nothing"])(lambda: 1)
    with pytest.raises(MissingContextError):
        add_asset_metadata(RAW, {})

    @materialize(RAW)
    def wrong() -> None:
        add_asset_metadata(CLEAN, {})

    @flow
    def etl() -> None:
        wrong()

    with pytest.raises(ValueError, match=f"does not produce {CLEAN}"):
        etl()
