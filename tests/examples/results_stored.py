"""A result is stored under a name, as JSON, in a folder, and read from there."""

import tempfile

from prefect import flow, task
from prefect.filesystems import LocalFileSystem
from prefect.results import ResultStore

folder = LocalFileSystem(basepath=tempfile.mkdtemp())


@task(result_storage=folder, result_storage_key="rates-{parameters[day]}.json", result_serializer="json")
def rates(day: str) -> dict:
    print("asking for", day)
    return {"EUR": 1.0, "USD": 1.08}


@task(
    persist_result=True,
    result_storage=folder,
    result_storage_key="packed",
    result_serializer="compressed/pickle",
)
def packed() -> set:
    return {1, 2}


@flow(persist_result=True)
def my_flow() -> None:
    rates("monday")
    rates("monday")
    packed()


if __name__ == "__main__":
    my_flow()
    store = ResultStore(result_storage=folder)
    record = store.read(key="rates-monday.json")
    print(record.result, record.metadata.storage_key, record.metadata.expiration)
    print(store.read(key="packed").result, store.exists("rates-monday.json"), store.exists("other"))

# Output:
# asking for monday
# {'EUR': 1.0, 'USD': 1.08} rates-monday.json None
# {1, 2} True False
