"""`return_state=True` gives the state, whatever happened."""

from prefect import flow, task


@task
def divide(x: int, y: int) -> float:
    return x / y


@flow
def fails() -> None:
    raise ValueError("not today")


@flow
def my_flow() -> str:
    good = divide(4, 2, return_state=True)
    bad = divide(4, 0, return_state=True)
    print(good.type, good.name, good.result())
    print(bad.type, bad.is_failed(), type(bad.result(raise_on_failure=False)).__name__)
    try:
        bad.result()
    except ZeroDivisionError as error:
        print("raised:", error)
    submitted = divide.submit(1, 0, return_state=True)
    print(submitted.is_failed(), fails(return_state=True).is_failed())
    return "done all the same"


if __name__ == "__main__":
    state = my_flow(return_state=True)
    print(state.is_completed(), state.result())

# Output:
# COMPLETED Completed 2.0
# FAILED True ZeroDivisionError
# raised: division by zero
# True True
# True done all the same
