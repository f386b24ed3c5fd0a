"""Code that runs too long is ended, blocking or not, and its run is TimedOut."""

import asyncio
import time

from prefect import flow, task


@task(timeout_seconds=0.1)
def blocks() -> None:
    time.sleep(30)


@task(timeout_seconds=0.1)
def computes() -> None:
    while True:
        pass


@task(timeout_seconds=0.1)
async def awaits() -> None:
    await asyncio.sleep(30)


@flow(timeout_seconds=0.1)
def slow_flow() -> None:
    time.sleep(30)


@flow
async def my_flow() -> None:
    print(blocks(return_state=True).name, computes.submit(return_state=True).name)
    print((await awaits(return_state=True)).name, slow_flow(return_state=True).name)
    try:
        await awaits()
    except TimeoutError:
        print("TimeoutError")


if __name__ == "__main__":
    began = time.monotonic()
    asyncio.run(my_flow())
    print(time.monotonic() - began < 10)

# Output:
# TimedOut TimedOut
# TimedOut TimedOut
# TimeoutError
# True
