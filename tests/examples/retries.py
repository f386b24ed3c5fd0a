"""Tasks and flows are tried again."""

from prefect import flow, task
from prefect.context import get_run_context
from prefect.tasks import exponential_backoff


@task(retries=2, retry_delay_seconds=0.01)
def unsteady() -> int:
    count = get_run_context().task_run.run_count
    if count < 3:
        raise ConnectionError(f"try {count}")
    return count


@task(retries=2, retry_delay_seconds=[0.01, 0.02], retry_jitter_factor=0.5)
def listed() -> None:
    raise ConnectionError("always")


@task(retries=3, retry_delay_seconds=exponential_backoff(backoff_factor=10))
def patient() -> None:
    pass


tries = []


@flow(retries=1, retry_delay_seconds=0.01)
def my_flow() -> str:
    tries.append(unsteady())
    if len(tries) < 2:
        raise ValueError("once more")
    return "at last"


@flow
def other() -> None:
    print(listed(return_state=True).is_failed(), patient.retry_delay_seconds is not None)


if __name__ == "__main__":
    print(my_flow(), tries)
    other()

# Output:
# at last [3, 3]
# True True
