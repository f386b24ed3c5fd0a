"""The schema, its migrations, the words in it, and the queries on it belong together."""

import re
import sqlite3
from enum import StrEnum
from pathlib import Path

import pytest

from tests.store.rows import a_run, a_task
from tui_flow.contract.left_out import DONE_BEFORE, WHY
from tui_flow.contract.states import (
    TASK_TRANSITIONS,
    TRANSITIONS,
    EndReason,
    FireOutcome,
    FireReason,
    FlowRunState,
    ScheduleState,
    TaskRunState,
)
from tui_flow.store import database, migrations, queries, rows, runs, tasks

SCHEMA = (Path(migrations.__file__).parents[1] / "contract" / "schema.sql").read_text()


def objects(db: sqlite3.Connection) -> dict[str, str]:
    """Everything the schema defines, by name, freed of comments and of how it is laid out."""
    found = db.execute(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '%migrations%'"
    )
    plain = {name: " ".join(re.sub(r"--[^\n]*", "", sql).split()) for name, sql in found}
    return {
        name: re.sub(r" ([,)])", r"\1", sql) for name, sql in plain.items()
    }  # as ALTER TABLE adds a last column


def migrated() -> sqlite3.Connection:
    """A history that has come all the way from the first schema."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrations.migrate(db)
    return db


def test_migrations_end_in_the_schema_of_a_new_history(writer: sqlite3.Connection) -> None:
    expected = sqlite3.connect(":memory:")
    expected.executescript(SCHEMA)
    assert objects(migrated()) == objects(expected) == objects(writer)
    assert "task_runs" in objects(writer)


def test_a_new_history_notes_the_steps_that_it_did_not_have_to_take(writer: sqlite3.Connection) -> None:
    notes = [
        [db.execute(question).fetchall() for db in (migrated(), writer)]
        for question in (
            "SELECT id, migration_set, name FROM _sqlite_migrations ORDER BY id",
            "SELECT name, type FROM sqlite_master WHERE name LIKE '%migrations%' ORDER BY name",
            "SELECT name, type, pk FROM pragma_table_info('_sqlite_migrations')",
            "SELECT seqno, name FROM pragma_index_info('idx__sqlite_migrations_migration_set_name')",
        )
    ]
    assert [taken for taken, _ in notes] == [noted for _, noted in notes]
    migrations.migrate(writer)
    assert [name for _, _, name in notes[0][1]] == list(migrations.STEPS)


def test_the_version_counts_the_migrations(writer: sqlite3.Connection) -> None:
    assert len(migrations.STEPS) == database.SCHEMA_VERSION
    for db in (writer, migrated()):
        assert db.execute("PRAGMA user_version").fetchone() == (database.SCHEMA_VERSION,)


def test_runs_of_an_older_history_that_did_a_part_are_told_from_whole_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = migrations.STEPS
    before = steps.index("0.2.0 runs that did a part")
    monkeypatch.setattr(migrations, "STEPS", steps[:before])
    db = migrated()
    for id, message in enumerate((DONE_BEFORE, WHY, ""), 1):
        runs.insert_run(db, a_run(id))
        state = TaskRunState.CACHED
        tasks.insert_tasks(db, [a_task(1, run_id=id, state=state, message=message, ended_at=9.0)])
    monkeypatch.setattr(migrations, "STEPS", steps)
    migrations.migrate(db)
    assert db.execute("SELECT is_partial FROM flow_runs ORDER BY id").fetchall() == [(1,), (1,), (0,)]


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("flow_runs", "state", FlowRunState),
        ("flow_runs", "reason", EndReason),
        ("task_runs", "state", TaskRunState),
        ("task_runs", "reason", EndReason),
        ("schedules", "state", ScheduleState),
        ("fire_times", "outcome", FireOutcome),
        ("fire_times", "reason", FireReason),
    ],
)
def test_the_words_in_a_check_are_the_enums(table: str, column: str, words: type[StrEnum]) -> None:
    definition = re.search(rf"CREATE TABLE {table} \((.*?)\) STRICT", SCHEMA, re.DOTALL)
    assert definition
    check = re.search(rf"\b{column}\b[^,]*CHECK \({column} IN \(([^)]*)\)\)", definition[1])
    assert check
    assert set(re.findall(r"'(\w+)'", check[1])) == {word.value for word in words}


def test_the_checks_on_ends_name_the_terminal_states() -> None:
    ends = re.findall(r"\(state IN \(([^)]*)\)\)\s*= \(ended_at", SCHEMA)
    named = [set(re.findall(r"'(\w+)'", words)) for words in ends]
    flow = {state.value for state, following in TRANSITIONS.items() if not following}
    task = {state.value for state, following in TASK_TRANSITIONS.items() if not following}
    assert named == [flow, task]


def test_a_query_for_active_tasks_names_the_active_states() -> None:
    active = {state.value for state, following in TASK_TRANSITIONS.items() if following}
    assert set(re.findall(r"'(\w+)'", queries.all_queries()["list_active_tasks"])) == active


def test_every_query_can_be_planned(writer: sqlite3.Connection) -> None:
    for name, sql in queries.all_queries().items():
        if name.endswith("_columns") or name == "wanted_runs":
            continue
        named = dict.fromkeys(re.findall(r":(\w+)", sql))
        plan = writer.execute(f"EXPLAIN QUERY PLAN {sql}", named or [None] * sql.count("?"))
        assert plan.description and plan.description[-1][0] == "detail", name


@pytest.mark.parametrize(
    "name",
    ["list_runs", "list_runs_of_flow", "list_runs_in_state", "list_runs_of_flow_in_state", "last_runs",
     "get_runs", "search_runs", "search_newer_runs", "newest_run_id", "created_at_or_after", "list_active_runs", "last_success", "run_for_fire_time", "list_tasks", "list_active_tasks", "list_tasks_in_state",
     "count_tasks_by_state", "list_callers"],
)  # fmt: skip
def test_what_the_console_reads_never_scans_or_sorts_all_runs(writer: sqlite3.Connection, name: str) -> None:
    sql = queries.all_queries()[name]
    named = dict.fromkeys(re.findall(r":(\w+)", sql))
    plan = [row[3] for row in writer.execute(f"EXPLAIN QUERY PLAN {sql}", named or [None] * sql.count("?"))]
    whole = [
        line
        for line in plan
        if re.match(r"SCAN (flow_runs|task_runs|latest)", line) and "flow_runs_active" not in line
    ]
    assert not whole
    if name != "last_runs":
        assert not [line for line in plan if "TEMP B-TREE" in line]


def test_the_columns_of_a_query_are_the_fields_of_its_record(writer: sqlite3.Connection) -> None:
    run, task = a_run(tags=["a"], parameters={"n": 1}), a_task(upstream=[2, 3], tags=["t"])
    runs.insert_run(writer, run)
    tasks.insert_tasks(writer, [task])
    assert runs.get_run(writer, 1) == run
    assert tasks.get_task(writer, 1, 1) == task
    for query, record in (("run_columns", run), ("task_columns", task)):
        columns = [name.strip().split(".")[-1] for name in queries.all_queries()[query].split(",")]
        assert columns == list(record._fields)


@pytest.mark.parametrize(
    "nonsense",
    [
        "state = 'lost'",
        "state = 'running'",
        "state = 'completed'",
        "ended_at = 5.0",
        "reason = 'error'",
        "reason = 'boredom', ended_at = 5.0, state = 'failed'",
        "attempt = 0",
        "created_at = 'yesterday'",
    ],
)
def test_the_database_refuses_an_illegal_run(writer: sqlite3.Connection, nonsense: str) -> None:
    runs.insert_run(writer, a_run())
    with pytest.raises(sqlite3.IntegrityError):
        writer.execute(f"UPDATE flow_runs SET {nonsense}")


@pytest.mark.parametrize(
    "nonsense", ["state = 'done'", "state = 'completed'", "ended_at = 5.0", "kind = 'job'"]
)
def test_the_database_refuses_an_illegal_task_run(writer: sqlite3.Connection, nonsense: str) -> None:
    runs.insert_run(writer, a_run())
    tasks.insert_tasks(writer, [a_task()])
    with pytest.raises(sqlite3.IntegrityError):
        writer.execute(f"UPDATE task_runs SET {nonsense}")


def test_a_task_run_without_its_run_is_refused(writer: sqlite3.Connection) -> None:
    with pytest.raises(database.Refused):
        tasks.insert_tasks(writer, [a_task(run_id=99)])


def test_rows_survive_the_way_to_the_database_and_back() -> None:
    task = a_task(upstream=[1], tags=[], revision=7)
    assert rows.task_run(rows.task_run_row(task)) == task
