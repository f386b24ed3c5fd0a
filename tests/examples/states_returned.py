"""States that flows return and make: completed with data, failed by hand, cancelled, and from exceptions."""

from prefect import flow, task
from prefect.states import (
    Cancelled,
    Completed,
    Failed,
    exception_to_failed_state,
    get_state_result,
    is_state,
    raise_state_exception,
)


@task
def always_fails() -> None:
    raise ValueError("I fail successfully")


@task
def always_succeeds() -> str:
    return "I'm fail safe!"


@flow
def always_succeeds_flow() -> str:
    x = always_fails.submit().result(raise_on_failure=False)
    y = always_succeeds.submit(wait_for=[])
    print(repr(x), y.result())
    return Completed(message="I am happy with this result", data=y.result())


@flow
def by_hand(ok: bool) -> object:
    return Completed(name="Fine") if ok else Failed(message="by hand")


@flow
def left() -> object:
    return Cancelled(message="enough")


if __name__ == "__main__":
    state = always_succeeds_flow(return_state=True)
    print(state.message, get_state_result(state), is_state(state), is_state(1))
    print(by_hand(True, return_state=True).name, by_hand(False, return_state=True).type.value)
    print(left(return_state=True).is_cancelled())
    failed = exception_to_failed_state(KeyError("x"))
    print(failed.is_failed(), failed.message)
    for one in (failed, by_hand(False, return_state=True)):
        try:
            raise_state_exception(one)
        except Exception as error:
            print(type(error).__name__)

# Output:
# ValueError('I fail successfully') I'm fail safe!
# I am happy with this result I'm fail safe! True False
# Fine FAILED
# True
# True KeyError: 'x'
# KeyError
# FailedRun
