"""Events: what is emitted by a flow has a name, a resource, a payload and an id."""

from datetime import UTC, datetime

from prefect import flow, task
from prefect.events import emit_event


@task
def load(rows: int) -> None:
    emit_event(
        event="my.rows.loaded",
        resource={"prefect.resource.id": "my.table", "prefect.resource.name": "rows"},
        payload={"rows": rows},
    )


@flow
def my_flow() -> None:
    load(3)
    first = emit_event(
        "my.day.closed", {"prefect.resource.id": "my.day"}, occurred=datetime(2024, 1, 1, tzinfo=UTC)
    )
    second = emit_event("my.day.opened", {"prefect.resource.id": "my.day"}, follows=first)
    print(first.event, first.occurred.year, first.resource["prefect.resource.id"])
    print(second.follows == first.id, second.id != first.id)


if __name__ == "__main__":
    my_flow()
    try:
        emit_event("")
    except ValueError:
        print("an event has a name")

# Output:
# my.day.closed 2024 my.day
# True True
# an event has a name
