"""Tasks that submit tasks that submit tasks: no pool is too small for them."""

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner


@task
def dig(depth: int) -> int:
    return 1 if depth == 0 else 1 + dig.submit(depth - 1).result()


@task
def tree(depth: int) -> int:
    return 1 if depth == 0 else 1 + sum(tree.map([depth - 1, depth - 1]).result())


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def my_flow() -> tuple[int, int]:
    return dig.submit(40).result(), tree.submit(5).result()


if __name__ == "__main__":
    print(my_flow())

# Output:
# (41, 63)
