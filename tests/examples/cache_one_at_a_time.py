"""Of two runs with one key at once, one waits for the other, and takes its result."""

import threading

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.locking.memory import MemoryLockManager
from prefect.transactions import IsolationLevel

policy = INPUTS.configure(isolation_level=IsolationLevel.SERIALIZABLE, lock_manager=MemoryLockManager())
both = threading.Barrier(2)


@task(cache_policy=policy)
def slow(number: int) -> int:
    print("running")
    return number


@task
def starts(number: int) -> int:
    both.wait(10)
    return slow(number)


@flow
def my_flow() -> None:
    print(starts.map([5, 5]).result())


if __name__ == "__main__":
    my_flow()

# Output:
# running
# [5, 5]
