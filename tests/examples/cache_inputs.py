"""A task that is cached by its inputs runs once for each of them, also in later flow runs; one can be left out."""

from datetime import timedelta

from prefect import flow, task
from prefect.cache_policies import INPUTS, NO_CACHE


@task(cache_policy=INPUTS - "debug", cache_expiration=timedelta(hours=1))
def square(number: int, debug: bool = False) -> int:
    print("squaring", number)
    return number * number


@task(cache_policy=NO_CACHE)
def always() -> None:
    print("always")


@flow
def my_flow() -> None:
    print(
        square(3), square(3, debug=True), square(4, return_state=True).name, square(3, return_state=True).name
    )
    always()
    always()
    square.with_options(refresh_cache=True)(3)


if __name__ == "__main__":
    my_flow()
    print(flow(lambda: square(4))())

# Output:
# squaring 3
# squaring 4
# 9 9 Completed Cached
# always
# always
# squaring 3
# 16
