"""`futures.wait` parts what is done from what is not."""

import threading

from prefect import flow, task
from prefect.futures import wait

gate = threading.Event()


@task
def quick() -> str:
    return "quick"


@task
def slow() -> str:
    gate.wait(10)
    return "slow"


@flow
def my_flow() -> None:
    futures = [quick.submit(), slow.submit()]
    futures[0].wait()
    done, not_done = wait(futures, timeout=0.05)
    print(len(done), len(not_done), done.pop().result())
    gate.set()
    print(len(wait(futures).done))
    try:
        quick.submit().result(timeout=10)
        gate.clear()
        slow.submit().result(timeout=0.01)
    except TimeoutError:
        print("TimeoutError")
    gate.set()


if __name__ == "__main__":
    my_flow()

# Output:
# 1 1 quick
# 2
# TimeoutError
