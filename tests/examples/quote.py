"""`quote` and `opaque` keep big values from being searched for futures."""

from prefect import flow, task
from prefect.utilities.annotations import opaque, quote


@task
def load() -> dict[str, list[int]]:
    return {"numbers": list(range(1000))}


@task
def size(data: dict[str, list[int]]) -> int:
    return len(data["numbers"])


@flow
def my_flow() -> tuple[int, int]:
    data = load()
    return size(quote(data)), size.submit(opaque(load.submit())).result()


if __name__ == "__main__":
    print(my_flow())

# Output:
# (1000, 1000)
