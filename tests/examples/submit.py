"""Submitted tasks give futures; a future that is an argument is waited for, and its result takes its place."""

from prefect import flow, task


@task
def double(x: int) -> int:
    return 2 * x


@task
def total(numbers: list[int], more: dict[str, int]) -> int:
    return sum(numbers) + sum(more.values())


@flow
def my_flow() -> int:
    first, second = double.submit(1), double.submit(2)
    third = double.submit(second)
    future = total.submit([first, second, third], {"x": first})
    future.wait()
    print(future.state.name, future.state.is_completed(), future.result(timeout=5))
    return future.result()


if __name__ == "__main__":
    print(my_flow())

# Output:
# Completed True 16
# 16
