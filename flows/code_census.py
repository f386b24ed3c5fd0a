"""A census of the Python standard library: some 1,700 files, each parsed in a mapped task of its own.

It shows `task.map` over a long list, `unmapped` for what all calls share, and a task runner of two threads: parsing
keeps the interpreter busy, so more would not be faster. The figures go to `flows/out/code_census.csv` and `.db`.
"""

import ast
import csv
import sqlite3
import sysconfig
from contextlib import closing
from pathlib import Path

from tui_flow import ThreadPoolTaskRunner, flow, get_run_logger, task, unmapped

LIBRARY, OUT = Path(sysconfig.get_path("stdlib")), Path(__file__).parent / "out"
COLUMNS = "path, lines, functions, classes"


@task
def list_sources(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*.py") if "site-packages" not in path.parts)


@task(task_run_name="count {path.name}")
def count(path: Path, root: Path) -> tuple[str, int, int, int]:
    """Path, lines, functions and classes. A few of CPython's own test files do not parse, on purpose."""
    source, nodes = path.read_bytes(), []
    try:
        nodes.append(ast.parse(source))
    except (SyntaxError, ValueError) as error:
        get_run_logger().warning("%s does not parse: %s", path.name, error)
    for node in nodes:
        nodes += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]
    kinds = [ast.FunctionDef | ast.AsyncFunctionDef, ast.ClassDef]
    counts = [sum(isinstance(node, kind) for node in nodes) for kind in kinds]
    return (str(path.relative_to(root)), source.count(b"\n"), *counts)


@task
def write(rows: list[tuple]) -> None:
    OUT.mkdir(exist_ok=True)
    with (OUT / "code_census.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS.split(", "), *rows])
    with closing(sqlite3.connect(OUT / "code_census.db")) as db, db:
        db.executescript(f"DROP TABLE IF EXISTS files; CREATE TABLE files ({COLUMNS})")
        db.executemany("INSERT INTO files VALUES (?, ?, ?, ?)", rows)


@flow(name="code_census", log_prints=True, task_runner=ThreadPoolTaskRunner(max_workers=2))
def code_census(root: Path = LIBRARY) -> None:
    """Counts lines, functions and classes in every Python file below `root`."""
    rows = count.map(list_sources(root), root=unmapped(root)).result()
    write(rows)
    print(f"{sum(row[1] for row in rows):,} lines in {len(rows):,} files")


if __name__ == "__main__":
    code_census()
