"""With a key, code runs once, whoever comes next; with a lock, one at a time."""

import tempfile
from pathlib import Path

from prefect import flow, task
from prefect.locking.filesystem import FileSystemLockManager
from prefect.results import ResultStore
from prefect.transactions import CommitMode, IsolationLevel, get_transaction, transaction


@task
def download() -> str:
    print("downloading", get_transaction() is not None)
    return "data"


@flow
def my_flow(key: str) -> None:
    locks = FileSystemLockManager(lock_files_directory=Path(tempfile.mkdtemp()))
    with transaction(
        key=key, isolation_level=IsolationLevel.SERIALIZABLE, store=ResultStore(lock_manager=locks)
    ) as txn:
        if txn.is_committed():
            print("done already")
            return
        download()


if __name__ == "__main__":
    my_flow("download")
    my_flow("download")
    with transaction(key="other", commit_mode=CommitMode.EAGER) as outer:
        print(outer.is_committed(), outer.get("missing", "nothing"))
    print(outer.is_committed())

# Output:
# downloading True
# done already
# False nothing
# True
