"""The same function with other options."""

from prefect import flow, task
from prefect.runtime import flow_run, task_run


@task(name="original", retries=1, tags=["a"])
def my_task() -> tuple[str, list[str]]:
    return task_run.task_name, task_run.tags


@flow(name="original")
def my_flow() -> list:
    changed = my_task.with_options(name="changed", tags=["b"])
    return [flow_run.flow_name, my_task(), changed(), changed.submit().result(), changed.retries]


if __name__ == "__main__":
    print(my_flow())
    print(my_flow.with_options(name="other", retries=3)()[0], my_flow.with_options(retries=3).retries)

# Output:
# ['original', ('original', ['a']), ('changed', ['b']), ('changed', ['b']), 1]
# other 3
