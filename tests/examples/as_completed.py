"""`as_completed` gives futures in the order in which they end."""

import threading

from prefect import flow, task
from prefect.futures import as_completed

gate = threading.Event()


@task
def late() -> str:
    gate.wait(10)
    return "late"


@task
def early() -> str:
    return "early"


@flow
def my_flow() -> None:
    for future in as_completed([late.submit(), early.submit()]):
        print(future.result())
        gate.set()


if __name__ == "__main__":
    my_flow()

# Output:
# early
# late
