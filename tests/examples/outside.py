"""Tasks work outside of flows, too."""

from prefect import task
from prefect.states import State


@task(retries=1)
def double(x: int) -> int:
    return 2 * x


@task
def calls_others(x: int) -> int:
    return double(x) + double.submit(x).result()


if __name__ == "__main__":
    state = double(2, return_state=True)
    print(double(1), isinstance(state, State), state.result(), calls_others(1), double.map([1, 2]).result())

# Output:
# 2 True 4 4 [2, 4]
