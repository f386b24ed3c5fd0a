"""Submitted tasks in processes of their own."""

import os

import prefect
from prefect import flow, get_run_logger, task
from prefect.task_runners import ProcessPoolTaskRunner

HOME = os.getpid()
POWER = 2


class Bad(Exception):
    pass


@task
def inner(x: int) -> int:
    return x + 1


@task
def compute(x: int) -> tuple[bool, int]:
    get_run_logger().info("computing %s", x)
    if x == 3:
        raise Bad("three")
    return os.getpid() != HOME and prefect.runtime.flow_run.flow_name == "my-flow", inner(x) ** POWER


@flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
def my_flow() -> list:
    futures = compute.map(range(4))
    found = [future.result(raise_on_failure=False) for future in futures]
    try:
        futures[3].result()
    except Bad as error:
        found[3] = f"Bad: {error}"
    return found


if __name__ == "__main__":
    print(my_flow())

# Output:
# [(True, 1), (True, 4), (True, 9), 'Bad: three']
