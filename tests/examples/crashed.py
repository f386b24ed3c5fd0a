"""What is no ordinary error crashes a run; what is cancelled is no failure."""

from prefect import flow, task
from prefect.states import Cancelled, Completed


class Out(BaseException):
    pass


@task
def crashes() -> None:
    raise Out("of here")


@task
def gives_up():
    return Cancelled(message="not needed")


@task
def names_its_state():
    return Completed(message="Nothing to do", name="Skipped")


@flow
def my_flow() -> None:
    future = crashes.submit()
    future.wait()
    print(future.state.type.value, type(future.state.result(raise_on_failure=False)).__name__)
    print(gives_up(return_state=True).type.value, names_its_state(return_state=True).name)


if __name__ == "__main__":
    my_flow()

# Output:
# CRASHED Out
# CANCELLED Skipped
