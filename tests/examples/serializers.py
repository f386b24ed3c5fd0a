"""Serializers: named in options, as objects, compressed; a dict comes back as it was."""

from prefect import flow, task
from prefect.serializers import CompressedSerializer, JSONSerializer, PickleSerializer, Serializer


@task(result_serializer="json", persist_result=True, result_storage_key="as-json.json")
def as_json() -> dict[str, int]:
    return {"a": 1}


@task(
    result_serializer=CompressedSerializer(serializer="pickle"),
    persist_result=True,
    result_storage_key="packed",
)
def packed() -> set[int]:
    return {1, 2}


@task(result_serializer="compressed/json", persist_result=True, result_storage_key="small")
def small() -> list[int]:
    return [0] * 1000


@flow
def my_flow() -> None:
    print(as_json(), packed(), len(small()))


class Reversed(Serializer):
    type: str = "reversed"

    def dumps(self, obj: str) -> bytes:
        return obj[::-1].encode()

    def loads(self, blob: bytes) -> str:
        return blob.decode()[::-1]


if __name__ == "__main__":
    my_flow()
    my_flow()
    for serializer in (
        JSONSerializer(),
        PickleSerializer(),
        CompressedSerializer(serializer=JSONSerializer()),
    ):
        print(serializer.type, serializer.loads(serializer.dumps({"x": [1, None]})))
    print(Reversed().dumps("abc"), Reversed().loads(b"cba"))

# Output:
# {'a': 1} {1, 2} 1000
# {'a': 1} {1, 2} 1000
# json {'x': [1, None]}
# pickle {'x': [1, None]}
# compressed {'x': [1, None]}
# b'cba' abc
