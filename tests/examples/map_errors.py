"""What `map` refuses."""

from prefect import flow, task
from prefect.exceptions import MappingLengthMismatch, MappingMissingIterable


@task
def add(x: int, y: int) -> int:
    return x + y


@flow
def my_flow() -> None:
    for arguments in ([1, 2], [1, 2, 3]), (1, 2):
        try:
            add.map(*arguments)
        except (MappingLengthMismatch, MappingMissingIterable) as error:
            print(type(error).__name__)


if __name__ == "__main__":
    my_flow()

# Output:
# MappingLengthMismatch
# MappingMissingIterable
