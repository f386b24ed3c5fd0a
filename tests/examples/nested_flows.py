"""Flows in flows: parameters, states, tags and futures go in, results come out; async ones side by side."""

import asyncio

from prefect import flow, runtime, tags, task


@task
def add_one(x: int) -> int:
    return x + 1


@flow(flow_run_name="child-of-{x}")
def child(x: int) -> int:
    print(runtime.flow_run.name, runtime.flow_run.flow_name, sorted(runtime.flow_run.tags))
    return add_one(x)


@flow
async def async_child(x: int) -> int:
    await asyncio.sleep(0)
    return x * 10


@flow
def failing_child() -> None:
    raise ValueError("child failed")


@flow
def parent() -> int:
    with tags("inner"):
        first = child(1)
    second = child(add_one.submit(first))
    state = failing_child(return_state=True)
    print(state.is_failed(), state.name)
    return first + second


@flow
async def async_parent() -> list[int]:
    return await asyncio.gather(async_child(1), async_child(2))


if __name__ == "__main__":
    print(parent())
    print(asyncio.run(async_parent()))

# Output:
# child-of-1 child ['inner']
# child-of-3 child []
# True Failed
# 6
# [10, 20]
