"""A flow that waits for an answer, and two that send each other values."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

from prefect import flow, pause_flow_run, task
from prefect.exceptions import FlowPauseTimeout
from prefect.input import RunInput, receive_input, send_input
from prefect.runtime import flow_run


class Approval(RunInput):
    approve: bool
    reason: str = "none"


class Number(RunInput):
    number: int


def answer(run_id: str, *fields: str) -> None:
    """What a person would type."""
    command = [str(Path(sys.executable).with_name("tui-flow")), "answer", run_id]
    for field in fields:
        command += ["-p", field]
    while subprocess.run(command, capture_output=True).returncode:
        pass


@flow
def approval() -> None:
    threading.Thread(target=answer, args=(flow_run.id, "approve=true", "reason=fine")).start()
    found = pause_flow_run(wait_for_input=Approval.with_initial_data(description="Ship it?"))
    print(type(found).__name__, found.approve, found.reason)
    threading.Thread(target=answer, args=(flow_run.id, "value=[1, 2]")).start()
    print(pause_flow_run(wait_for_input=list[int], key="numbers"))
    try:
        pause_flow_run(timeout=0)
    except FlowPauseTimeout as error:
        print(error)


@flow
async def talks_to_itself() -> None:
    await Number(number=3).send_to(flow_run.id)
    await send_input("hello", flow_run.id)
    found = await Number.receive(timeout=10).next()
    print(found.number, found.metadata.sender == flow_run.id)
    print([text async for text in receive_input(str, timeout=0)])


@task
def in_a_task() -> None:
    pause_flow_run()


@flow
def wrong() -> None:
    in_a_task()


if __name__ == "__main__":
    approval()
    asyncio.run(talks_to_itself())
    try:
        wrong()
    except RuntimeError as error:
        print(type(error).__name__)

# Output:
# Approval True fine
# [1, 2]
# Flow run was paused and never resumed.
# 3 True
# ['hello']
# RuntimeError
