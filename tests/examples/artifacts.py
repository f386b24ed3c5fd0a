"""Artifacts: a report, a table, a link, progress; the last version of a key is found again."""

import asyncio

from prefect import flow, task
from prefect.artifacts import (
    Artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)


@task
def report(rows: list[dict[str, int]]) -> None:
    create_markdown_artifact(
        key="sales-report", markdown=f"# Sales\n{len(rows)} rows", description="Quarterly sales"
    )
    create_table_artifact(key="sales-table", table=rows)
    create_link_artifact(key="sales-data", link="https://example.org/sales.csv", link_text="the data")


@task
def load() -> None:
    progress = create_progress_artifact(progress=0.0, description="loading")
    for percent in (50, 100):
        update_progress_artifact(artifact_id=progress, progress=percent)


@flow
def my_flow() -> None:
    report([{"q": 1, "sum": 10}, {"q": 2, "sum": 20}])
    load()


@flow
async def my_async_flow() -> None:
    await create_markdown_artifact(key="sales-report", markdown="# Later")


if __name__ == "__main__":
    my_flow()
    print(Artifact.get(key="sales-report").data)
    asyncio.run(my_async_flow())
    print(Artifact.get(key="sales-report").data)
    print(Artifact.get(key="sales-table").data)
    print(Artifact.get(key="sales-data").data)
    try:
        create_markdown_artifact(key="Not Allowed", markdown="x")
    except ValueError as error:
        print("ValueError", "lowercase letters, numbers" in str(error))

# Output:
# # Sales
# 2 rows
# # Later
# [{'q': 1, 'sum': 10}, {'q': 2, 'sum': 20}]
# [the data](https://example.org/sales.csv)
# ValueError True
