"""Slots of named limits, in tasks and coroutines; a limit that nobody has made holds nobody up."""

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

from prefect import flow, task
from prefect.concurrency.asyncio import concurrency as aconcurrency
from prefect.concurrency.asyncio import rate_limit as arate_limit
from prefect.concurrency.sync import concurrency, rate_limit

lock, inside = threading.Lock(), []


@task
def resource_heavy(n: int) -> int:
    with concurrency("database", occupy=1):
        with lock:
            inside.append(n)
            at_once = len(inside)
        time.sleep(0.01)
        with lock:
            inside.remove(n)
    return at_once


@flow
def sync_flow() -> None:
    print(max(resource_heavy.map(range(6)).result()) <= 2)
    with concurrency(["database", "nobody-made-it"]):
        try:
            with concurrency("database", occupy=2, timeout_seconds=0):
                print("never")
        except TimeoutError:
            print("TimeoutError")
    rate_limit("api")
    try:
        rate_limit("nobody-made-it", strict=True)
    except Exception as error:
        print(type(error).__name__)


@flow
async def async_flow() -> None:
    async with aconcurrency("database", occupy=2, strict=True):
        await arate_limit("api", occupy=2)
        print("inside")


if __name__ == "__main__":
    command = str(Path(sys.executable).with_name("tui-flow"))
    for limit in ("database", "2"), ("api", "10", "--refill", "100"):
        subprocess.run([command, "limit", "set", *limit], check=True, capture_output=True)
    sync_flow()
    asyncio.run(async_flow())

# Output:
# True
# TimeoutError
# ConcurrencySlotAcquisitionError
# inside
