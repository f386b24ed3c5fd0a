"""A flow that is served under two names, and is run by one of them with other parameters."""

import asyncio
import tempfile
from pathlib import Path

from prefect import aserve, flow
from prefect.deployments import run_deployment

WORK = """
from prefect import flow
from prefect.runtime import deployment

@flow
def my_flow(day: str = "today", times: int = 1):
    assert deployment.name in ("nightly", "by-hand")
"""


@flow
async def parent() -> None:
    run = await run_deployment("my-flow/nightly", parameters={"times": 2}, tags=["asked"])
    print(run.state.name, run.parameters, sorted(run.tags))


async def until_served(name: str) -> None:
    while True:
        try:
            await run_deployment(name, timeout=0)
            return
        except Exception:
            await asyncio.sleep(0.05)


async def main(folder: str) -> None:
    Path(folder, "work.py").write_text(WORK)
    my_flow = flow.from_source(source=folder, entrypoint="work.py:my_flow")
    nightly = my_flow.to_deployment(
        "nightly", cron="0 3 * * *", parameters={"day": "yesterday"}, tags=["night"]
    )
    by_hand = my_flow.to_deployment("by-hand", description="Run when it is asked for.")
    serving = asyncio.create_task(aserve(nightly, by_hand, print_starting_message=False))
    await until_served("my-flow/by-hand")
    await parent()
    serving.cancel()
    await asyncio.wait([serving])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(folder))

# Output:
# Completed {'day': 'yesterday', 'times': 2} ['asked', 'night']
#
# Serving has ended.
# Paused until it is served again: my-flow/nightly.
