"""A task whose upstream failed does not run, unless it allows that."""

from prefect import allow_failure, flow, task


@task
def breaks() -> None:
    raise ValueError("broken")


@task
def cleans_up(what: object = None) -> str:
    return f"cleaned up after {what!r}"


@flow
def my_flow() -> None:
    broken = breaks.submit()
    print(cleans_up.submit(broken, return_state=True).name)
    print(cleans_up.submit(wait_for=[broken], return_state=True).type)
    print(cleans_up.submit(allow_failure(broken)).result())
    print(cleans_up(wait_for=[allow_failure(broken)]))
    print(cleans_up.map([1], wait_for=[allow_failure(broken)]).result())


if __name__ == "__main__":
    my_flow()

# Output:
# NotReady
# PENDING
# cleaned up after ValueError('broken')
# cleaned up after None
# ['cleaned up after 1']
