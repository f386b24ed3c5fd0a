"""The blocks for JSON, texts and times, and a folder as a block that results are written to."""

from datetime import datetime

from prefect import flow, task
from prefect.blocks.system import JSON, DateTime, String
from prefect.filesystems import LocalFileSystem


@task(persist_result=True, result_storage="local-file-system/my-results", result_storage_key="answer")
def compute() -> int:
    return 42


@flow
def my_flow() -> None:
    print(
        JSON.load("config").value["hosts"], String.load("greeting").value, DateTime.load("start").value.year
    )
    compute()


if __name__ == "__main__":
    import tempfile

    folder = tempfile.mkdtemp()
    LocalFileSystem(basepath=folder).save("my-results")
    JSON(value={"hosts": ["a", "b"]}).save("config")
    String(value="hello").save("greeting")
    DateTime(value=datetime(2024, 1, 1)).save("start")
    my_flow()
    print(LocalFileSystem.load("my-results").read_path("answer") is not None)

# Output:
# ['a', 'b'] hello 2024
# True
