"""`log_prints` sends `print` to the log, and tasks do as their flow does unless they say otherwise."""

import io
from contextlib import redirect_stdout

from prefect import flow, task


@task
def as_the_flow() -> None:
    print("logged")


@task(log_prints=False)
def own_way() -> None:
    print("printed")


@flow(log_prints=True)
def my_flow() -> None:
    as_the_flow()
    own_way()
    print("logged, too")


if __name__ == "__main__":
    out = io.StringIO()
    with redirect_stdout(out):
        my_flow()
    print(out.getvalue().split())

# Output:
# ['printed']
