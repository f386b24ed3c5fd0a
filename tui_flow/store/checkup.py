"""Whether the history is whole, and fits the run directories beside it. Looks, and changes nothing."""

from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract.errors import HistoryError
from tui_flow.contract.rundir import HISTORY, JOURNAL, read_spec, run_dir, run_ids
from tui_flow.store import backups, database, queries
from tui_flow.store.database import readable


class Report(NamedTuple):
    pages: list[str]
    """What is wrong with the database file; empty where it is whole."""
    references: list[str]
    """Rows that refer to rows that are not there."""
    runs: int
    tasks: int
    size: int
    """In bytes, the write-ahead log included."""
    without_directory: list[int]
    """Runs whose log and journal are gone."""
    not_recorded: list[int]
    """Run directories that the engine will take in when it looks next."""
    cut_journals: list[int]
    """Runs whose journal is shorter than what was read from it."""

    @property
    def is_whole(self) -> bool:
        return not self.pages and not self.references


def check(state_dir: Path) -> Report:
    """Reads all of the history. Raises HistoryError where there is none, or it is of another version or program."""
    path = state_dir / HISTORY
    size = sum(one.stat().st_size for one in (path, Path(f"{path}-wal")) if one.exists())
    with closing(database.open_reader(state_dir)) as db:
        with readable(path):
            pages, references = backups.problems(db)
        try:
            known = dict(queries.rows(db, "list_ingested"))
            tasks = int((queries.row(db, "count_tasks") or (0,))[0])
        except HistoryError as error:
            return Report(pages or [error.what], references, 0, 0, size, [], [], [])
    there = set(run_ids(state_dir))
    return Report(
        pages,
        references,
        len(known),
        tasks,
        size,
        sorted(set(known) - there),
        sorted(id for id in there - set(known) if read_spec(run_dir(state_dir, id)) is not None),
        sorted(id for id in there & set(known) if _journal_bytes(state_dir, id) < known[id]),
    )


def _journal_bytes(state_dir: Path, run_id: int) -> int:
    try:
        return (run_dir(state_dir, run_id) / JOURNAL).stat().st_size
    except OSError:
        return 0
