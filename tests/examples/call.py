"""A flow calls tasks and other flows as plain functions, and gets what they return."""

from prefect import flow, task


@task
def add(x: int, y: int = 1) -> int:
    return x + y


@flow
def inner(numbers: list[int]) -> int:
    return sum(add(number) for number in numbers)


@flow(name="The whole thing", description="Adds up", version="1.2")
def outer(numbers: list[int]) -> dict[str, int]:
    """Not shown: the description is."""
    return {"inner": inner(numbers), "fn": add.fn(1, 2)}


if __name__ == "__main__":
    print(outer([1, "2"]))
    print(outer.name, "|", outer.description, "|", outer.version, "|", inner.name, "|", add.name)

# Output:
# {'inner': 5, 'fn': 3}
# The whole thing | Adds up | 1.2 | inner | add
