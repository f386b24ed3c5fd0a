"""Async flows and tasks that yield."""

import asyncio

from prefect import flow, task


@task
async def numbers(to: int):
    for number in range(to):
        yield number
        await asyncio.sleep(0)


@flow
async def squares(to: int):
    async for number in numbers(to):
        yield number * number


@flow
async def consumer() -> list[int]:
    return [square async for square in squares(4)]


if __name__ == "__main__":
    print(asyncio.run(consumer()))

# Output:
# [0, 1, 4, 9]
