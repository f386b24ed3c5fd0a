"""Tags of tasks, and those of a block."""

from prefect import flow, tags, task
from prefect.runtime import flow_run, task_run


@task(tags=["own"])
def my_task() -> list[str]:
    return sorted(task_run.tags)


@flow
def inner() -> list[str]:
    return sorted(flow_run.tags)


@flow
def my_flow() -> None:
    print(my_task())
    with tags("a", "b") as now:
        print(sorted(now), my_task(), my_task.submit().result(), inner())
        with tags("c"):
            print(my_task.map.__name__, inner())
    print(inner())


if __name__ == "__main__":
    with tags("outside"):
        my_flow()

# Output:
# ['outside', 'own']
# ['a', 'b', 'outside'] ['a', 'b', 'outside', 'own'] ['a', 'b', 'outside', 'own'] ['a', 'b', 'outside']
# map ['a', 'b', 'c', 'outside']
# ['outside']
