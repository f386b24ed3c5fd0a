"""Tasks that tests call when it does not matter what a task does."""

from tui_flow import task


@task
def double(number: int) -> int:
    return 2 * number


@task
def add(left: int, right: int) -> int:
    return left + right


@task
def fail(why: str = "as asked") -> None:
    raise ValueError(why)
