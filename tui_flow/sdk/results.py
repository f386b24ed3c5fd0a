"""Persisted results: what a task returned, under a key, in a storage that outlives the run. Caching and transactions
build on them.

A record is a JSON document with `metadata` and `result`, as Prefect writes it, in `.tui_flow/results/` unless a task
or flow names another storage. Its hash is checked when it is read: one that is damaged is as good as none.
"""

import json
import os
import sys
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tui_flow.contract import rundir
from tui_flow.sdk import result_files, serializers
from tui_flow.sdk.blocks.saving import load_from
from tui_flow.sdk.context import current
from tui_flow.sdk.filesystems import LocalFileSystem, WritableFileSystem
from tui_flow.sdk.serializers import PickleSerializer, Serializer

if TYPE_CHECKING:
    from tui_flow.sdk.locking import LockManager
    from tui_flow.sdk.transactions import IsolationLevel

R = TypeVar("R")
_MAX_NAME = 200
"""Bytes of a file's name; a longer key is replaced by its hash."""


class ResultRecordMetadata:
    """What is known of a record beside its result."""

    def __init__(
        self,
        storage_key: str = "",
        expiration: datetime | None = None,
        serializer: Serializer | None = None,
        prefect_version: str = "",
        storage_block_id: Any = None,
    ) -> None:
        self.storage_key, self.expiration, self.storage_block_id = storage_key, expiration, storage_block_id
        self.serializer = serializer or PickleSerializer()
        self.prefect_version = prefect_version

    @property
    def is_expired(self) -> bool:
        return self.expiration is not None and self.expiration <= datetime.now(UTC)


class ResultRecord(Generic[R]):
    """A result with its metadata."""

    def __init__(self, result: R, metadata: ResultRecordMetadata | None = None) -> None:
        self.result, self.metadata = result, metadata or ResultRecordMetadata()

    @property
    def expiration(self) -> datetime | None:
        return self.metadata.expiration

    @property
    def serializer(self) -> Serializer:
        return self.metadata.serializer

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResultRecord) and self.result == other.result

    __hash__ = object.__hash__


class ResultStore:
    """Reads and writes records in one storage. Keys are names of files in it.

    With a `metadata_storage` the metadata lies there, under the key, and the bare result in `result_storage`.
    """

    def __init__(
        self,
        result_storage: Any = None,
        metadata_storage: Any = None,
        lock_manager: "LockManager | None" = None,
        serializer: Any = None,
        cache_result_in_memory: bool = True,
        storage_key_fn: Any = None,
    ) -> None:
        self.result_storage: Any = resolve_result_storage(result_storage)
        self.metadata_storage: Any = (
            None if metadata_storage is None else resolve_result_storage(metadata_storage)
        )
        self.lock_manager = lock_manager
        self.serializer = serializers.resolve(
            get_default_result_serializer() if serializer is None else serializer
        )
        self.cache_result_in_memory = cache_result_in_memory
        self.storage_key_fn = storage_key_fn or DEFAULT_STORAGE_KEY_FN

    def exists(self, key: str) -> bool:
        """Whether there is a whole record under the key that has not expired."""
        return self._document(key) is not None

    def read(self, key: str, holder: str | None = None) -> ResultRecord[Any]:  # noqa: ARG002  (Prefect's)
        """Raises ValueError where there is no such record, or it has expired or is damaged, and whatever the serializer
        raises."""
        found = self._document(key)
        if found is None:
            raise ValueError(f"there is no result record {key!r} in {self.result_storage!r}")
        return self._record(key, found)

    def find(self, key: str) -> ResultRecord[Any] | None:
        """`read`, with one look at the storage; None where there is none."""
        found = self._document(key)
        return None if found is None else self._record(key, found)

    async def aexists(self, key: str) -> bool:
        return self.exists(key)

    async def aread(self, key: str, holder: str | None = None) -> ResultRecord[Any]:
        return self.read(key, holder)

    async def awrite(self, obj: Any, key: str | None = None, expiration: datetime | None = None) -> None:
        self.write(obj, key, expiration)

    def create_result_record(
        self, obj: Any, key: str | None = None, expiration: datetime | None = None
    ) -> ResultRecord[Any]:
        """A record that is not stored yet."""
        return ResultRecord(
            obj, ResultRecordMetadata(key or self.storage_key_fn(), expiration, self.serializer, _version())
        )

    def write(
        self,
        obj: Any,
        key: str | None = None,
        expiration: datetime | None = None,
        holder: str | None = None,
    ) -> None:
        """Stores a result. Raises whatever the serializer and the storage raise."""
        self.persist_result_record(self.create_result_record(obj, key, expiration), holder)

    def persist_result_record(self, result_record: ResultRecord[Any], holder: str | None = None) -> None:  # noqa: ARG002
        metadata = result_record.metadata
        data = metadata.serializer.dumps(result_record.result)
        if len(data) > result_files.MAX_BYTES:
            raise result_files.TooLarge(
                f"a result of {len(data):,} bytes, and at most {result_files.MAX_BYTES:,} are stored"
            )
        result = data.decode()
        told = {
            "storage_key": metadata.storage_key,
            "expiration": metadata.expiration.isoformat() if metadata.expiration else None,
            "serializer": {"type": metadata.serializer.type, **_plain(vars(metadata.serializer))},
            "prefect_version": metadata.prefect_version,
            "hash": _hash(result),
        }
        name = _name(metadata.storage_key)
        if self.metadata_storage is None:
            _write(self.result_storage, name, json.dumps({"metadata": told, "result": result}).encode())
            return
        place = f"result-{told['hash']}"
        _write(self.result_storage, place, data)
        _write(self.metadata_storage, name, json.dumps({"metadata": {**told, "storage_key": place}}).encode())

    def supports_isolation_level(self, level: "IsolationLevel") -> bool:
        return str(level) == "READ_COMMITTED" or self.lock_manager is not None

    def generate_default_holder(self) -> str:
        """One for each thread of each process."""
        import threading

        return f"{os.uname().nodename}:{os.getpid()}:{threading.get_ident()}"

    def acquire_lock(self, key: str, holder: str | None = None, timeout: float | None = None) -> bool:
        return self._locks.acquire_lock(key, holder or self.generate_default_holder(), timeout)

    async def aacquire_lock(self, key: str, holder: str | None = None, timeout: float | None = None) -> bool:
        return await self._locks.aacquire_lock(key, holder or self.generate_default_holder(), timeout)

    def release_lock(self, key: str, holder: str | None = None) -> None:
        self._locks.release_lock(key, holder or self.generate_default_holder())

    def is_locked(self, key: str) -> bool:
        return self._locks.is_locked(key)

    def is_lock_holder(self, key: str, holder: str | None = None) -> bool:
        return self._locks.is_lock_holder(key, holder or self.generate_default_holder())

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        return self._locks.wait_for_lock(key, timeout)

    @property
    def _locks(self) -> "LockManager":
        if self.lock_manager is None:
            from tui_flow.sdk.exceptions import ConfigurationError

            raise ConfigurationError(
                "Result store is not configured with a lock manager. Please set a lock manager when creating the "
                "result store to enable locking."
            )
        return self.lock_manager

    def _document(self, key: str) -> dict[str, Any] | None:
        """The record's document with its result as text; None where it is missing, expired or damaged."""
        data = _read(self.metadata_storage or self.result_storage, _name(key))
        try:
            found = json.loads(data) if data is not None else {}
            metadata = found["metadata"]
            if self.metadata_storage is not None:
                result = _read(self.result_storage, metadata["storage_key"])
                found["result"] = "" if result is None else result.decode()
            expiration = metadata.get("expiration")
            if expiration is not None and datetime.fromisoformat(expiration) <= datetime.now(UTC):
                return None
            is_whole = metadata.get("hash") in (None, _hash(found["result"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return found if is_whole else None

    def _record(self, key: str, found: dict[str, Any]) -> ResultRecord[Any]:
        metadata = found["metadata"]
        expiration = metadata.get("expiration")
        fields = dict(metadata["serializer"])
        serializer = self.serializer
        if fields != {"type": serializer.type, **_plain(vars(serializer))}:
            serializer = _serializer_of(fields)
        told = ResultRecordMetadata(
            key,
            datetime.fromisoformat(expiration) if expiration else None,
            serializer,
            metadata.get("prefect_version", ""),
        )
        return ResultRecord(serializer.loads(found["result"].encode()), told)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResultStore) and vars(self) == vars(other)

    __hash__ = object.__hash__


def DEFAULT_STORAGE_KEY_FN() -> str:
    """A key that nobody else has."""
    import uuid

    return uuid.uuid4().hex


def get_default_result_storage() -> Any:
    """The project's `results/`, or the folder that PREFECT_RESULTS_LOCAL_STORAGE_PATH names, or the saved block that
    PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK does."""
    block = os.environ.get("PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK")
    if block:
        return load_from(block)
    named = os.environ.get("PREFECT_RESULTS_LOCAL_STORAGE_PATH") or os.environ.get(
        "PREFECT_LOCAL_STORAGE_PATH"
    )
    if named:
        return LocalFileSystem(basepath=named)
    run = current.get()
    if run is not None and run.tree.project:
        return _storage_in(run.tree.project)
    from tui_flow.sdk.script_run import find_project_of_script

    project = find_project_of_script()
    rundir.open_state_dir(project)
    return _storage_in(str(project))


@lru_cache(maxsize=8)
def _storage_in(project: str) -> LocalFileSystem:
    return LocalFileSystem(basepath=Path(project) / rundir.STATE_DIR / rundir.RESULTS)


def get_default_result_serializer() -> Any:
    """What PREFECT_RESULTS_DEFAULT_SERIALIZER names, else "pickle"."""
    return os.environ.get("PREFECT_RESULTS_DEFAULT_SERIALIZER") or "pickle"


def get_default_persist_setting() -> bool:
    """Whether PREFECT_RESULTS_PERSIST_BY_DEFAULT asks for it."""
    return is_set("PREFECT_RESULTS_PERSIST_BY_DEFAULT")


def get_default_persist_setting_for_tasks() -> bool | None:
    """What PREFECT_TASKS_DEFAULT_PERSIST_RESULT says; None where it says nothing."""
    name = "PREFECT_TASKS_DEFAULT_PERSIST_RESULT"
    return is_set(name) if os.environ.get(name) else None


def is_set(name: str) -> bool:
    """Whether a variable of the environment says yes."""
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on", "t", "y")


def should_persist_result() -> bool:
    """Whether the results of the task run, or flow run, that the caller is in are persisted."""
    from tui_flow.sdk.persistence import persists

    run = current.get()
    return get_default_persist_setting() if run is None else persists(run)


def get_result_store() -> ResultStore:
    """The store of the task run or flow run that the caller is in; outside of runs the default one."""
    from tui_flow.sdk.persistence import store_of

    run = current.get()
    return ResultStore() if run is None else store_of(run)


def resolve_serializer(serializer: Any) -> Serializer:
    """The serializer that an option names, or is. Raises ValueError."""
    return serializers.resolve(serializer)


def resolve_result_storage(storage: Any) -> Any:
    """A file system, from one, a folder, or the slug of a saved block; None is the default one.

    Raises TypeError or ValueError for what is none of these.
    """
    if storage is None:
        return get_default_result_storage()
    if isinstance(storage, Path):
        return LocalFileSystem(basepath=storage)
    if isinstance(storage, str):
        kind, slash, name = storage.partition("/")
        if not slash or storage.startswith(("/", "~", ".")) or not kind.replace("-", "").isalnum():
            return LocalFileSystem(basepath=storage)
        return load_from(f"{kind}/{name}")
    if hasattr(storage, "read_path") and hasattr(storage, "write_path"):
        return storage
    raise TypeError(
        f"Result storage configuration must be a file system, a folder or the slug of a saved block, not {storage!r}."
    )


def _read(storage: Any, name: str) -> bytes | None:
    if isinstance(storage, LocalFileSystem):
        try:
            return storage.read(name)
        except (ValueError, OSError):
            return None
    try:
        found = _settled(storage.read_path(name))
    except Exception:
        return None
    return bytes(found)


def _write(storage: WritableFileSystem, name: str, data: bytes) -> None:
    if isinstance(storage, LocalFileSystem):
        storage.write(name, data)
    else:
        _settled(storage.write_path(name, data))


def _settled(answer: Any) -> Any:
    """The result, also of a coroutine: storages of the author's may be written either way."""
    if not hasattr(answer, "__await__"):
        return answer
    from tui_flow.sdk.effects import run_coroutine

    return run_coroutine(answer)


def _name(key: str) -> str:
    """The key as the name of a file."""
    if len(key.encode("utf-8", "surrogatepass")) <= _MAX_NAME:
        return key
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """A serializer's settings as JSON has them."""
    return {
        name: {"type": value.type, **_plain(vars(value))} if isinstance(value, Serializer) else value
        for name, value in fields.items()
    }


def _serializer_of(fields: dict[str, Any]) -> Serializer:
    """By its type's name: no record can make a class be imported. Raises RuntimeError for an unknown one."""
    kind = fields.pop("type", "pickle")
    cls = serializers._known.get(kind)
    if cls is None:
        raise RuntimeError(
            f"Serializer {kind!r} is not available in this environment, so deserialization cannot be performed."
        )
    inner = fields.pop("serializer", None)
    libraries = {"cloudpickle", "pickle", "lzma", "bz2", "zlib", "gzip"}
    if any(fields.get(name, "pickle") not in libraries for name in ("picklelib", "compressionlib")):
        raise RuntimeError(f"the record names a module that is not known to serialize: {fields}")
    if isinstance(inner, dict):
        fields["serializer"] = _serializer_of(dict(inner))
    made: Serializer = cls(**fields)
    return made


def _version() -> str:
    return str(sys.modules["tui_flow"].__dict__.get("__version__", ""))
