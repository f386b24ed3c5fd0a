"""Transactions of async code."""

import asyncio

from prefect import flow, task
from prefect.transactions import atransaction


@task
async def write(name: str) -> None:
    print("write", name)


@write.on_rollback
async def unwrite(txn) -> None:
    print("unwrite")


@flow
async def my_flow() -> None:
    async with atransaction():
        await write("a")
        raise ValueError("no")


if __name__ == "__main__":
    print(asyncio.run(my_flow(return_state=True)).name)

# Output:
# write a
# unwrite
# Failed
