"""A history of very many runs, made at once."""

from pathlib import Path

from tui_flow.contract import rundir
from tui_flow.store import database, facts


def fill(project: Path, runs: int) -> None:
    """So many runs of one flow, one each second since the epoch, whose directories are long gone."""
    state_dir = rundir.open_state_dir(project)
    db = database.open_writer(state_dir)
    with database.transaction(db):
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO flow_runs (id, flow, path, run_name, state, state_name, reason, message, attempt, tries, "
            "trigger, parameters, tags, source_sha, created_at, started_at, ended_at, schedule, scheduled_for) "
            "SELECT i, 'etl', 'flows/etl.py', 'run-' || i, 'completed', 'Completed', 'returned', '', 1, 1, "
            "'schedule', '{}', '[]', '', i, i, i + 1, 'old', i FROM n",
            [runs],
        )
        facts.put(db, "runs taken up to", str(runs))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    (state_dir / "runs" / "last").write_text(f"{runs}\n")
