"""Tests of one's own: a throw-away project, the function behind a task, and a run logger that says nothing."""

from prefect import flow, get_run_logger, task
from prefect.logging import disable_run_logger
from prefect.testing.utilities import prefect_test_harness
from prefect.variables import Variable


@task
def my_favorite_task() -> int:
    get_run_logger().info("called")
    return 42


@flow
def my_favorite_flow() -> int:
    Variable.set("answer", my_favorite_task())
    return my_favorite_task()


def test_my_favorite_flow() -> None:
    with prefect_test_harness():
        assert my_favorite_flow() == 42
        assert Variable.get("answer") == 42


def test_my_favorite_task() -> None:
    with disable_run_logger():
        assert my_favorite_task.fn() == 42


if __name__ == "__main__":
    test_my_favorite_flow()
    test_my_favorite_task()
    print(Variable.get("answer"))

# Output:
# None
