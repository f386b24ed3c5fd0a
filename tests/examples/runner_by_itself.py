"""A task runner without a flow."""

from prefect import task
from prefect.task_runners import ThreadPoolTaskRunner


@task
def double(x: int) -> int:
    return 2 * x


if __name__ == "__main__":
    with ThreadPoolTaskRunner(max_workers=2) as runner:
        first = runner.submit(double, {"x": 1})
        second = runner.submit(double, {"x": first})
        print(first.result(), second.result(), runner.map(double, {"x": [1, 2]}).result())

# Output:
# 2 4 [2, 4]
