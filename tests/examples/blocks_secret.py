"""`Secret`: saved, loaded in a task, awaited in a coroutine, and one that is an object."""

import asyncio

from prefect import flow, task
from prefect.blocks.system import Secret


@task
def connect() -> int:
    return len(Secret.load("api-key").get())


@flow
def my_flow() -> None:
    secret_block = Secret.load("api-key")
    print(secret_block.value, connect())


@flow
async def my_async_flow() -> None:
    secret_block = await Secret.load("db")
    print(secret_block.get()["username"])


if __name__ == "__main__":
    Secret(value="sk-1234567890").save(name="api-key", overwrite=True)
    Secret(value={"username": "marvin", "password": "42424242"}).save("db", overwrite=True)
    my_flow()
    asyncio.run(my_async_flow())

# Output:
# ********** 13
# marvin
