"""A function gives the cache key, or a policy made of several does."""

from prefect import flow, task
from prefect.cache_policies import DEFAULT, RUN_ID, TASK_SOURCE, CacheKeyFnPolicy
from prefect.context import TaskRunContext
from prefect.tasks import task_input_hash


def by_name(context: TaskRunContext, parameters: dict) -> str:
    return f"{context.task.name}-{parameters['person']['name']}"


@task(cache_key_fn=by_name)
def greet(person: dict) -> str:
    return f"hello {person['name']}, {person['age']}"


@task(cache_policy=CacheKeyFnPolicy(cache_key_fn=by_name) + RUN_ID + TASK_SOURCE)
def within(person: dict) -> int:
    return person["age"]


@task(cache_key_fn=task_input_hash)
def hashed(number: int) -> int:
    return number


@task(persist_result=True)
def plain(number: int) -> int:
    return number


@flow
def my_flow(age: int) -> None:
    print(greet({"name": "Ada", "age": age}))
    print(within({"name": "Ada", "age": age}), within({"name": "Ada", "age": 99}))
    print(
        [
            hashed(1, return_state=True).name,
            plain(1, return_state=True).name,
            plain(1, return_state=True).name,
        ]
    )


if __name__ == "__main__":
    my_flow(36)
    my_flow(37)
    print(plain.with_options(cache_policy=DEFAULT).name)

# Output:
# hello Ada, 36
# 36 36
# ['Completed', 'Completed', 'Cached']
# hello Ada, 36
# 37 37
# ['Cached', 'Completed', 'Cached']
# plain
