"""Flows and tasks that yield: the run goes on until they are exhausted."""

from prefect import flow, task


@task
def numbers(to: int):
    yield from range(to)


@flow
def squares(to: int):
    for number in numbers(to):
        yield number * number


@flow
def consumer() -> list[int]:
    return [square + 1 for square in squares(4)]


def plain():
    yield from [1, 2, 3]
    print("Generator consumed!")


@flow
def returns_one():
    return plain()


@flow
def submits() -> list[int]:
    return numbers.submit(3).result()


if __name__ == "__main__":
    print(consumer(), list(squares(3)))
    print(returns_one())
    print(submits())

# Output:
# [1, 2, 5, 10] [0, 1, 4]
# Generator consumed!
# [1, 2, 3]
# [0, 1, 2]
