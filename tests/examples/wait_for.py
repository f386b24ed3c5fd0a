"""`wait_for` orders tasks and flows that hand nothing over."""

import time

from prefect import flow, task

order = []


@task
def first() -> None:
    time.sleep(0.02)
    order.append("first")


@task
def second(item: int = 0) -> None:
    order.append(f"second {item}")


@flow
def nested() -> None:
    order.append("nested")


@flow
def my_flow() -> None:
    begun = first.submit()
    second.submit(wait_for=[begun]).wait()
    second(1, wait_for=[begun])
    second.map([2], wait_for=begun).wait()
    nested(wait_for=[first.submit()])


if __name__ == "__main__":
    my_flow()
    print(order)

# Output:
# ['first', 'second 0', 'second 1', 'second 2', 'first', 'nested']
