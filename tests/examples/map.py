"""`map` runs a task once for each item; what is not iterable, or `unmapped`, goes to every run."""

from prefect import flow, task, unmapped


@task
def add_all(numbers: list[int], y: int) -> list[int]:
    return [number + y for number in numbers]


@task
def label(prefix: str, item: int) -> str:
    return f"{prefix}{item}"


@flow
def my_flow() -> list[str]:
    print(add_all.map(unmapped([10, 20]), y=[1, 2, 3]).result())
    futures = label.map("no ", [1, 2])
    futures.wait()
    print([state.is_completed() for state in label.map("x", [1], return_state=True)])
    chained = label.map(prefix=futures, item=[7, 8])
    return chained.result()


if __name__ == "__main__":
    print(my_flow())

# Output:
# [[11, 21], [12, 22], [13, 23]]
# [True]
# ['no 17', 'no 28']
