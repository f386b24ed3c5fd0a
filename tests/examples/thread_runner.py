"""At most so many tasks at a time, in threads."""

import threading

from prefect import flow, task
from prefect.task_runners import ConcurrentTaskRunner, ThreadPoolTaskRunner

lock, now, most = threading.Lock(), [0], [0]


@task
def work(x: int) -> str:
    with lock:
        now[0] += 1
        most[0] = max(most[0], now[0])
    threading.Event().wait(0.002)
    with lock:
        now[0] -= 1
    return threading.current_thread().name


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def my_flow() -> bool:
    names = work.map(range(12))
    names.wait()
    return most[0] <= 3


@flow(task_runner=ConcurrentTaskRunner())
def old_name() -> int:
    return len(work.map(range(3)).result())


@flow(task_runner=ThreadPoolTaskRunner)
def by_class() -> int:
    return len(work.map(range(2)).result())


if __name__ == "__main__":
    print(my_flow(), old_name(), by_class())

# Output:
# True 3 2
