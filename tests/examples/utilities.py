"""Prefect's utilities that flow files use: hashes for cache keys, and plain code that calls coroutines."""

from prefect import flow, task
from prefect.utilities.asyncutils import run_coro_as_sync, sync_compatible
from prefect.utilities.hashing import hash_objects


def cache_key(context, parameters):
    return hash_objects(context.task.name, parameters["rows"])


@task(cache_key_fn=cache_key)
def total(rows: list[int]) -> int:
    print("called")
    return sum(rows)


async def fetch() -> str:
    return "fetched"


@sync_compatible
async def fetch_either_way(what: str) -> str:
    return f"fetched {what}"


@flow
def my_flow() -> None:
    print(total([1, 2]), total([1, 2]), run_coro_as_sync(fetch()), fetch_either_way("rows"))


if __name__ == "__main__":
    my_flow()
    print(hash_objects({"a": 1}) == hash_objects({"a": 1}), len(hash_objects("x")) > 8)

# Output:
# called
# 3 3 fetched fetched rows
# True True
