"""Cache policies, keys, expiration, storages and serializers: which calls run, and which take an earlier result."""

import dataclasses
import datetime
import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pydantic
import pytest

from tests.sdk.history import History
from tui_flow import State, flow, task
from tui_flow.sdk.cache_policies import (
    DEFAULT,
    FLOW_PARAMETERS,
    INPUTS,
    NO_CACHE,
    NONE,
    RUN_ID,
    TASK_SOURCE,
    CacheKeyFnPolicy,
    CachePolicy,
    task_input_hash,
)
from tui_flow.sdk.exceptions import ConfigurationError
from tui_flow.sdk.filesystems import LocalFileSystem
from tui_flow.sdk.locking import FileSystemLockManager, MemoryLockManager
from tui_flow.sdk.results import ResultStore
from tui_flow.sdk.serializers import JSONSerializer, Serializer


class Counted:
    """A task body that counts its calls."""

    def __init__(self, **options: Any) -> None:
        self.calls: list[Any] = []

        def body(x: Any, debug: bool = False) -> Any:
            self.calls.append(x)
            return [x, x]

        self.task = task(body, **options)

    def names(self, *arguments: Any, **kwargs: Any) -> list[str]:
        """The states' names of one call in a flow for each argument."""

        @flow
        def cached() -> list[str]:
            return [self.task(one, return_state=True, **kwargs).name for one in arguments]

        return cached()


def results_of(history: History) -> Path:
    return history.project / ".tui_flow" / "results"


def test_by_default_nothing_is_cached(history: History) -> None:
    counted = Counted()
    assert counted.names(1, 1) == ["Completed", "Completed"]
    assert not results_of(history).exists()


def test_persisted_results_are_cached_within_their_flow_run(history: History) -> None:
    counted = Counted(persist_result=True)
    assert counted.names(1, 1, 2) == ["Completed", "Cached", "Completed"]
    assert counted.names(1) == ["Completed"]
    assert counted.calls == [1, 2, 1]
    run = history.runs[0]
    assert run.states("body") == ["completed", "cached", "completed"]
    assert [event.state_name for event in run.finished("body")] == ["Completed", "Cached", "Completed"]


def test_a_flow_that_persists_its_result_persists_those_of_its_tasks(history: History) -> None:
    calls: list[int] = []

    @task
    def inner(x: int) -> int:
        calls.append(x)
        return x

    @task(persist_result=False)
    def never(x: int) -> int:
        calls.append(-x)
        return x

    @flow(persist_result=True)
    def outer() -> int:
        inner(1), inner(1), never(1), never(1)
        return 5

    assert outer() == 5
    assert calls == [1, -1, -1]
    assert len(list(results_of(history).iterdir())) == 2


@pytest.mark.parametrize(
    "name", ["PREFECT_RESULTS_PERSIST_BY_DEFAULT", "PREFECT_TASKS_DEFAULT_PERSIST_RESULT"]
)
def test_the_environment_can_turn_persistence_on(
    history: History, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "true")
    assert Counted().names(1, 1) == ["Completed", "Cached"]


def test_inputs_are_shared_by_flow_runs(history: History) -> None:
    counted = Counted(cache_policy=INPUTS)
    assert counted.names({"a": 1}) + counted.names({"a": 1}, {"a": 2}) == ["Completed", "Cached", "Completed"]


def test_an_input_can_be_left_out(history: History) -> None:
    for policy in (INPUTS - "debug", DEFAULT - "debug"):
        counted = Counted(cache_policy=policy)

        @flow
        def cached(counted: Any = counted) -> None:
            counted.task(7)
            counted.task(7, debug=True)

        cached(counted)
        assert counted.calls == [7]


def test_the_source_of_the_task_counts(history: History) -> None:
    calls: list[str] = []

    @task(cache_policy=INPUTS + TASK_SOURCE)
    def same(x: int) -> None:
        calls.append("one")

    one = same

    @task(cache_policy=INPUTS + TASK_SOURCE, name="same")
    def other(x: int) -> None:
        calls.append("two")

    @flow
    def both() -> None:
        one(1), other(1), one(1), other(1)

    both()
    assert calls == ["one", "two"]


def test_flow_parameters_can_be_the_key(history: History) -> None:
    counted = Counted(cache_policy=FLOW_PARAMETERS)

    @flow
    def cached(day: int) -> None:
        counted.task(1)
        counted.task(2)

    cached(1), cached(1), cached(2)
    assert counted.calls == [1, 1]


def test_a_function_can_give_the_key(history: History) -> None:
    seen: list[Any] = []

    def key(context: Any, parameters: dict[str, Any]) -> str:
        seen.append((context.task.name, context.flow_run_id, context.task_run_id, parameters))
        return "the/key"

    counted = Counted(cache_key_fn=key)
    assert counted.names(1, 2) == ["Completed", "Cached"]
    assert seen[0] == ("body", "1", "1-1", {"x": 1, "debug": False})
    assert (results_of(history) / "the" / "key").is_file()
    assert Counted(cache_policy=CacheKeyFnPolicy(key)).names(3) == ["Cached"]
    assert Counted(cache_policy=CachePolicy.from_cache_key_fn(key) + RUN_ID).names(3, 3) == [
        "Completed",
        "Cached",
    ]
    hashed = Counted(cache_key_fn=task_input_hash)
    assert hashed.names(1, 1, 2) == ["Completed", "Cached", "Completed"]


def test_no_cache_never_caches(history: History) -> None:
    assert NONE is NO_CACHE
    assert Counted(cache_policy=NO_CACHE, persist_result=True).names(1, 1) == ["Completed", "Completed"]
    assert NO_CACHE + INPUTS == INPUTS == INPUTS + NO_CACHE
    with pytest.warns(UserWarning, match="Ignoring `cache_policy`"):
        assert Counted(cache_policy=INPUTS, persist_result=False).names(1, 1) == ["Completed", "Completed"]


def test_a_record_expires(history: History) -> None:
    assert (
        Counted(cache_policy=INPUTS, cache_expiration=timedelta(seconds=-1)).names(1, 1) == ["Completed"] * 2
    )
    assert Counted(cache_policy=INPUTS, cache_expiration=timedelta(days=1)).names(1, 1) == [
        "Completed",
        "Cached",
    ]


def test_the_cache_can_be_refreshed(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Counted(cache_policy=INPUTS, refresh_cache=True).names(1, 1) == ["Completed", "Completed"]
    monkeypatch.setenv("PREFECT_TASKS_REFRESH_CACHE", "true")
    assert Counted(cache_policy=INPUTS).names(1) == ["Completed"]
    assert Counted(cache_policy=INPUTS, refresh_cache=False).names(1) == ["Cached"]


def test_a_result_can_have_a_name_and_a_place(history: History, tmp_path: Path) -> None:
    @task(
        result_storage_key="x-{parameters[x]}-{task_run.task_name}.json",
        result_storage=tmp_path / "kept",
        result_serializer="json",
    )
    def named(x: int) -> dict[str, int]:
        return {"x": x}

    flow(lambda: named(3) and None)()
    document = json.loads((tmp_path / "kept" / "x-3-named.json").read_text())
    assert (json.loads(document["result"]), document["metadata"]["serializer"]["type"]) == ({"x": 3}, "json")
    record = ResultStore(result_storage=LocalFileSystem(basepath=tmp_path / "kept")).read(
        key="x-3-named.json"
    )
    assert record.result == {"x": 3}
    assert record.metadata.storage_key == "x-3-named.json" and record.metadata.expiration is None
    assert isinstance(record.metadata.serializer, JSONSerializer)
    assert flow(lambda: named(3, return_state=True).name)() == "Cached"


@pytest.mark.parametrize("serializer", ["pickle", "json", "compressed/pickle", "compressed/json"])
def test_results_come_back_as_they_were(history: History, serializer: str) -> None:
    import datetime
    import decimal

    value = [
        datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
        decimal.Decimal("1.50"),
        {"a": b"\0", "s": {1}},
    ]

    @task(cache_policy=INPUTS, result_serializer=serializer)
    def give(x: int) -> Any:
        return value

    @flow
    def cached() -> State[Any]:
        give(1)
        return give(1, return_state=True)

    state = cached(return_state=True)
    assert (state.name, state.result()) == ("Cached", value)


def test_an_authors_serializer_is_used_and_found_again(history: History) -> None:
    class Upper(Serializer):
        type = "upper"

        def dumps(self, obj: Any) -> bytes:
            return str(obj).upper().encode()

        def loads(self, blob: bytes) -> Any:
            return blob.decode()

    @task(cache_policy=INPUTS, result_serializer=Upper())
    def shout(x: int) -> str:
        return "abc"

    flow(lambda: shout(1) and None)()
    assert flow(lambda: shout(1))() == "ABC"


def test_a_record_cannot_name_what_is_imported(history: History) -> None:
    store = ResultStore(LocalFileSystem(basepath=history.project / "results"))
    store.write(1, key="evil")
    path = history.project / "results" / "evil"
    document = json.loads(path.read_text())
    document["metadata"]["serializer"]["picklelib"] = "os"
    path.write_text(json.dumps(document))
    with pytest.raises(RuntimeError, match="not known to serialize"):
        store.read("evil")
    document["metadata"]["serializer"] = {"type": "unheard-of"}
    path.write_text(json.dumps(document))
    with pytest.raises(RuntimeError, match="'unheard-of' is not available"):
        store.read("evil")


def test_a_damaged_record_counts_as_none(history: History) -> None:
    counted = Counted(cache_policy=INPUTS)
    counted.names(1)
    (record,) = results_of(history).iterdir()
    assert record.stat().st_mode & 0o777 == 0o600
    record.write_text(record.read_text().replace('"result": "g', '"result": "x'))
    assert counted.names(1, 1) == ["Completed", "Cached"]
    record.write_text("torn {")
    assert counted.names(1) == ["Completed"]


def test_what_cannot_be_stored_is_told_and_the_task_completes(history: History) -> None:
    @task(persist_result=True)
    def locked() -> Any:
        return threading.Lock()

    assert flow(lambda: locked(return_state=True).name)() == "Completed"
    assert history.last.logged("cannot be committed: TypeError")


def test_an_input_without_a_hash_is_told_and_not_cached(history: History) -> None:
    counted = Counted(cache_policy=INPUTS)
    assert counted.names(threading.Lock()) == ["Completed"]
    assert history.last.logged("The cache key cannot be told")


def test_a_model_is_cached_by_what_it_says_of_itself(history: History) -> None:
    from pydantic import BaseModel, ConfigDict, model_serializer

    class Holder(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        name: str
        lock: Any

        @model_serializer
        def told(self) -> dict[str, str]:
            return {"name": self.name}

    @task(cache_policy=INPUTS)
    def name(holder: Holder) -> str:
        return holder.name

    one, two = (Holder(name="a", lock=threading.Lock()) for _ in range(2))
    names = flow(lambda: [name(holder, return_state=True).name for holder in (one, two)])()
    assert names == ["Completed", "Cached"]


def test_records_can_lie_apart_from_results(history: History, tmp_path: Path) -> None:
    policy = (INPUTS + TASK_SOURCE).configure(key_storage=tmp_path / "keys")
    counted = Counted(cache_policy=policy)
    assert counted.names(1, 1) == ["Completed", "Cached"]
    (key,) = (tmp_path / "keys").iterdir()
    (result,) = results_of(history).iterdir()
    assert "result" not in json.loads(key.read_text())
    key.unlink()
    assert result.is_file() and counted.names(1) == ["Completed"]


def test_policies_with_other_places_cannot_be_added(tmp_path: Path) -> None:
    one, two = INPUTS.configure(key_storage=tmp_path / "a"), TASK_SOURCE.configure(key_storage=tmp_path / "b")
    with pytest.raises(ValueError, match="different key storages"):
        one + two
    assert (one + TASK_SOURCE).key_storage == tmp_path / "a"
    with pytest.raises(TypeError, match="Can only subtract strings"):
        INPUTS - 3  # type: ignore[operator]


@pytest.mark.parametrize("kind", ["memory", "files"])
def test_serializable_runs_one_at_a_time(history: History, tmp_path: Path, kind: str) -> None:
    locks = MemoryLockManager() if kind == "memory" else FileSystemLockManager(tmp_path / "locks")
    policy = INPUTS.configure(isolation_level="SERIALIZABLE", lock_manager=locks)
    began, go = threading.Event(), threading.Event()
    calls: list[int] = []

    @task(cache_policy=policy)
    def slow(x: int) -> int:
        calls.append(x)
        began.set()
        go.wait(10)
        return x

    @flow
    def both() -> list[str]:
        futures = [slow.submit(1), slow.submit(1)]
        began.wait(10)
        go.set()
        return sorted(future.state.name for future in futures if future.wait() is None)

    assert both() == ["Cached", "Completed"]
    assert calls == [1]


def test_serializable_needs_a_lock_manager(history: History) -> None:
    counted = Counted(cache_policy=INPUTS.configure(isolation_level="SERIALIZABLE"))
    with pytest.raises(ConfigurationError, match="lock manager"):
        flow(lambda: counted.task(1))()
    assert counted.calls == []


def test_locks_belong_to_their_holder(tmp_path: Path) -> None:
    for locks in (MemoryLockManager(), FileSystemLockManager(tmp_path)):
        assert locks.acquire_lock("k", "a") and locks.acquire_lock("k", "a")
        assert not locks.acquire_lock("k", "b", acquire_timeout=0)
        assert locks.is_locked("k") and locks.is_lock_holder("k", "a") and not locks.is_lock_holder("k", "b")
        with pytest.raises(ValueError, match="No lock held by b"):
            locks.release_lock("k", "b")
        assert not locks.wait_for_lock("k", timeout=0)
        locks.release_lock("k", "a")
        assert not locks.is_locked("k") and locks.wait_for_lock("k", timeout=0)
        assert locks.acquire_lock("k", "a", hold_timeout=0)
        assert locks.acquire_lock("k", "b", acquire_timeout=5)
        locks.release_lock("k", "b")
    assert MemoryLockManager() is MemoryLockManager()


def test_a_file_lock_excludes_other_managers(tmp_path: Path) -> None:
    one, two = FileSystemLockManager(tmp_path), FileSystemLockManager(tmp_path)
    assert one.acquire_lock("k", "a") and two.is_locked("k")
    assert not two.acquire_lock("k", "b", acquire_timeout=0)
    one.release_lock("k", "a")
    assert two.acquire_lock("k", "b", acquire_timeout=0)
    two.release_lock("k", "b")


async def test_async_tasks_are_cached_too(history: History) -> None:
    calls: list[int] = []

    @task(cache_policy=INPUTS)
    async def fetch(x: int) -> int:
        calls.append(x)
        return x

    @flow
    async def cached() -> list[int]:
        return [await fetch(1), await fetch(1), fetch.submit(1).result()]

    assert await cached() == [1, 1, 1]
    assert calls == [1]


def test_tasks_outside_of_flows_are_cached_too(history: History) -> None:
    counted = Counted(cache_policy=INPUTS)
    assert [counted.task(1), counted.task(1)] == [[1, 1], [1, 1]]
    assert counted.calls == [1]


def test_mapped_tasks_are_cached(history: History) -> None:
    counted = Counted(cache_policy=INPUTS)
    flow(lambda: counted.task.map([1, 2, 3]).wait())()
    assert flow(lambda: [state.name for state in counted.task.map([1, 2, 3, 4], return_state=True)])() == [
        "Cached", "Cached", "Cached", "Completed",
    ]  # fmt: skip


def test_paths_do_not_lead_out_of_a_storage(tmp_path: Path) -> None:
    storage = LocalFileSystem(basepath=tmp_path / "inside")
    storage.write_path("a/b", b"x")
    assert storage.read_path("a/b") == b"x"
    with pytest.raises(ValueError, match="leads out of"):
        storage.write_path("../c", b"x")
    with pytest.raises(ValueError, match="does not exist"):
        storage.read_path("d")
    storage.put_directory(str(tmp_path / "inside" / "a"), "copied")
    storage.get_directory("copied", str(tmp_path / "out"))
    assert (tmp_path / "out" / "b").read_bytes() == b"x"


def test_a_serializer_that_is_none_is_refused_where_it_is_named() -> None:
    with pytest.raises(ValueError, match="Invalid serializer 'yaml'"):
        task(lambda: 1, result_serializer="yaml")
    with pytest.raises(TypeError, match="has no JSON form"):
        JSONSerializer().dumps(object())


@dataclasses.dataclass
class Row:
    day: datetime.date
    names: list[str]


class Model(pydantic.BaseModel):
    rows: list[Row]


def test_json_keeps_data_objects_and_exceptions() -> None:
    serializer = JSONSerializer()
    row = Row(datetime.date(2026, 11, 23), ["a"])
    value = [row, Model(rows=[row]), {"k": row}]
    assert serializer.loads(serializer.dumps(value)) == value
    error = serializer.loads(serializer.dumps(ZeroDivisionError("by nothing")))
    assert type(error) is ZeroDivisionError and str(error) == "by nothing"


@pytest.mark.parametrize("name", ["os:system", "nowhere:Class", "builtins:dict", "subprocess:Popen"])
@pytest.mark.parametrize("kind", ["object", "exception"])
def test_json_makes_only_objects_that_are_data(name: str, kind: str) -> None:
    text = json.dumps({"__tui_flow__": kind, "class": name, "value": "true"}).encode()
    with pytest.raises(TypeError, match="is no class that is imported here"):
        JSONSerializer().loads(text)
