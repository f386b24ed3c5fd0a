"""Async flows and tasks: awaited, gathered, submitted; sync tasks in them, too."""

import asyncio

from prefect import flow, task


@task
async def fetch(x: int) -> int:
    await asyncio.sleep(0)
    return 10 * x


@task
def plain(x: int) -> int:
    return x + 1


@flow
async def inner(x: int) -> int:
    return await fetch(x)


@flow
async def my_flow() -> list:
    gathered = await asyncio.gather(*(fetch(x) for x in range(3)))
    submitted = fetch.submit(5)
    mapped = fetch.map([1, 2])
    state = await fetch(7, return_state=True)
    return [
        gathered,
        submitted.result(),
        mapped.result(),
        plain(1),
        plain.submit(2).result(),
        await inner("4"),
        state.result(),
    ]


@flow
def sync_flow() -> int:
    return fetch.submit(3).result()


if __name__ == "__main__":
    print(asyncio.run(my_flow()))
    print(sync_flow())
    print(asyncio.run(fetch(1)))

# Output:
# [[0, 10, 20], 50, [10, 20], 2, 3, 40, 70]
# 30
# 10
