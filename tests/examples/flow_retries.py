"""Retries of a flow and its tasks, with delays as a list, a function, and with jitter."""

from prefect import flow, runtime, task
from prefect.tasks import exponential_backoff


@task(retries=3, retry_delay_seconds=[0, 0.001, 0])
def by_list() -> int:
    if runtime.task_run.run_count < 3:
        raise ValueError
    return runtime.task_run.run_count


@task(retries=2, retry_delay_seconds=exponential_backoff(backoff_factor=0), retry_jitter_factor=0.5)
def by_function() -> int:
    if runtime.task_run.run_count == 1:
        raise ValueError
    return runtime.task_run.run_count


@flow(retries=1, retry_delay_seconds=0)
def my_flow() -> str:
    print("try", runtime.flow_run.run_count, by_list(), by_function())
    if runtime.flow_run.run_count == 1:
        raise RuntimeError("again")
    return "done"


if __name__ == "__main__":
    print(my_flow())
    print(exponential_backoff(backoff_factor=10)(3))

# Output:
# try 1 3 2
# try 2 3 2
# done
# [10, 20, 40]
