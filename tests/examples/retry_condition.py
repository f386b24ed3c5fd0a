"""A function says which failures are worth another try."""

from prefect import flow, task

calls = []


def is_worth_it(task, task_run, state) -> bool:
    try:
        state.result()
    except ConnectionError:
        return True
    except Exception:
        return False
    return False


@task(retries=3, retry_condition_fn=is_worth_it)
def fetch(what: str) -> None:
    calls.append(what)
    raise ConnectionError() if what == "network" else KeyError(what)


@flow
def my_flow() -> None:
    fetch("network", return_state=True)
    fetch("key", return_state=True)


if __name__ == "__main__":
    my_flow()
    print(calls)

# Output:
# ['network', 'network', 'network', 'network', 'key']
