"""A census of the Python standard library: some 1,700 files, each parsed in a mapped task of its own.

It shows `task.map` over a long list, `unmapped` for what all the calls share, and a task that waits for all of them.
The figures go to `flows/out/code_census.csv` and, as table `files`, to `flows/out/code_census.db`.
"""

import ast
import csv
import sqlite3
import sysconfig
from collections import Counter
from contextlib import closing
from pathlib import Path

from tui_flow import flow, get_run_logger, task, unmapped

LIBRARY, OUT = Path(sysconfig.get_path("stdlib")), Path(__file__).parent / "out"
COUNTED = {"functions": ast.FunctionDef, "coroutines": ast.AsyncFunctionDef, "classes": ast.ClassDef}
COLUMNS = ("path", "lines", *COUNTED)


@task
def list_sources(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*.py") if "site-packages" not in path.parts)


@task(task_run_name="count {path.name}")
def count(path: Path, root: Path) -> tuple[str | int, ...]:
    """One row of the census. A few files of CPython's own tests do not parse, on purpose: these have lines alone."""
    source, kinds = path.read_bytes(), Counter()
    try:
        kinds.update(type(node) for node in ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError) as error:
        get_run_logger().warning("%s does not parse: %s", path.name, error)
    return (str(path.relative_to(root)), source.count(b"\n"), *(kinds[kind] for kind in COUNTED.values()))


@task
def write(rows: list[tuple[str | int, ...]]) -> None:
    OUT.mkdir(exist_ok=True)
    with (OUT / "code_census.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    with closing(sqlite3.connect(OUT / "code_census.db")) as database, database:
        database.execute("DROP TABLE IF EXISTS files")
        database.execute(f"CREATE TABLE files ({', '.join(COLUMNS)})")
        database.executemany(f"INSERT INTO files VALUES ({', '.join('?' * len(COLUMNS))})", rows)


@flow(name="code_census", log_prints=True)
def code_census(root: Path = LIBRARY, top: int = 5) -> int:
    """Counts lines, functions and classes in every source file below `root`, and names the `top` longest files."""
    rows = count.map(list_sources(root), root=unmapped(root)).result()
    write(rows)
    for path, lines, *_ in sorted(rows, key=lambda row: -row[1])[:top]:
        print(f"{lines:>8,} lines  {path}")
    print(f"{sum(row[1] for row in rows):,} lines in {len(rows):,} files")
    return len(rows)


if __name__ == "__main__":
    code_census()
