"""Where a later task fails, the tasks of a transaction that succeeded are undone, the last one first."""

from prefect import flow, task
from prefect.transactions import transaction


@task
def write(name: str) -> None:
    print("write", name)


@write.on_rollback
def unwrite(txn) -> None:
    print("unwrite what", txn.get("owner"), "wrote")


@write.on_commit
def confirm(txn) -> None:
    print("confirmed")


@task
def check(good: bool) -> None:
    if not good:
        raise ValueError("not good")


@flow
def my_flow(good: bool) -> None:
    with transaction() as txn:
        txn.set("owner", "Ada")
        write("a")
        write("b")
        check(good)


if __name__ == "__main__":
    my_flow(True)
    print(my_flow(False, return_state=True).type)

# Output:
# write a
# write b
# confirmed
# confirmed
# write a
# write b
# unwrite what Ada wrote
# unwrite what Ada wrote
# FAILED
