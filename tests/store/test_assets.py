"""What flows produced, in the history."""

import sqlite3

from tests.store.rows import a_run
from tui_flow.contract.journal import AssetMaterialized
from tui_flow.store import assets, runs

MADE = AssetMaterialized(5.0, "s3://b/raw", 3, True, "dbt", {"name": "Raw"}, {"rows": 1}, ["s3://b/up"])


def test_a_materialization_counts_once_and_reads_as_it_was_told(writer: sqlite3.Connection) -> None:
    runs.insert_run(writer, a_run(7))
    assets.keep_all(writer, [MADE, MADE, MADE._replace(key="s3://b/other", metadata=None)], 7)
    first, second = assets.list_of_run(writer, 7)
    assert first[1:] == (7, 3, "s3://b/raw", True, "dbt", {"name": "Raw"}, {"rows": 1}, ["s3://b/up"], 5.0)
    assert (second.key, second.metadata) == ("s3://b/other", None)


def test_of_each_asset_the_last_one_is_listed_and_goes_with_its_run(writer: sqlite3.Connection) -> None:
    for id in (7, 8):
        runs.insert_run(writer, a_run(id))
        assets.keep_all(writer, [MADE._replace(succeeded=id == 7)], id)
    assert [(one.run_id, one.succeeded) for one in assets.list_of_key(writer, "s3://b/raw")] == [
        (8, False), (7, True),
    ]  # fmt: skip
    assert [one.run_id for one in assets.list_latest(writer)] == [8]
    writer.execute("DELETE FROM flow_runs WHERE id = 8")
    assert [one.run_id for one in assets.list_latest(writer)] == [7]
