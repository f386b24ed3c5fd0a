"""A function that is called when a future is done."""

from prefect import flow, task


@task
def double(x: int) -> int:
    return 2 * x


@flow
def my_flow() -> None:
    future = double.submit(2)
    seen = []
    future.add_done_callback(lambda done: seen.append(done.result()))
    future.wait()
    future.add_done_callback(lambda done: seen.append(done.state.name))
    print(sorted(map(str, seen)))


if __name__ == "__main__":
    my_flow()

# Output:
# ['4', 'Completed']
