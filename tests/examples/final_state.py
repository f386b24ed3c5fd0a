"""In which state a flow ends: by what it raises, what it returns, and what the futures that it returns became."""

from prefect import flow, task
from prefect.exceptions import FailedRun
from prefect.states import Cancelled, Completed, Failed


@task
def works() -> str:
    return "fine"


@task
def breaks() -> None:
    raise ValueError("broken")


@flow
def handles() -> str:
    try:
        breaks()
    except ValueError:
        return "handled"
    return "not reached"


@flow
def ignores_a_future() -> str:
    breaks.submit().wait()
    return "nobody asked"


@flow
def returns_futures() -> list:
    return [works.submit(), breaks.submit()]


@flow
def returns(state):
    return state


if __name__ == "__main__":
    for one in handles, ignores_a_future, returns_futures:
        state = one(return_state=True)
        print(one.name, state.type, state.message)
    try:
        returns_futures()
    except ValueError as error:
        print("raised:", error)
    print(returns(Completed(message="well", data=7), return_state=True).message)
    for state in Failed(message="as I say"), Cancelled(message="no"):
        try:
            returns(state)
        except Exception as error:
            print(type(error).__name__, error)
    try:
        returns(Failed(message="again"))
    except FailedRun as error:
        print("FailedRun:", error)

# Output:
# handles COMPLETED None
# ignores-a-future COMPLETED None
# returns-futures FAILED 1/2 states failed.
# well
# FailedRun as I say
# CancelledRun no
# FailedRun: again
