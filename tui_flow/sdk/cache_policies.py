"""Cache policies: what makes two runs of a task one and the same, so that the second takes the first one's result.

A policy gives a key, or None for no caching. Keys name records in the result storage (`results`).
"""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.sdk import argument_digest

if TYPE_CHECKING:
    from tui_flow.sdk.context import TaskRunContext
    from tui_flow.sdk.filesystems import WritableFileSystem
    from tui_flow.sdk.locking import LockManager
    from tui_flow.sdk.transactions import IsolationLevel

_CONFIGURATION = ("key_storage", "lock_manager", "isolation_level")


class CachePolicy:
    """The base of all policies. A subclass has `compute_key`."""

    caches = True
    """Whether it can ever give a key."""
    key_storage: "WritableFileSystem | str | Path | None" = None
    isolation_level: "IsolationLevel | None" = None
    lock_manager: "LockManager | None" = None

    @classmethod
    def from_cache_key_fn(cls, cache_key_fn: Callable[..., str | None]) -> "CacheKeyFnPolicy":
        """The policy whose key is what `cache_key_fn(task_run_context, parameters)` returns."""
        return CacheKeyFnPolicy(cache_key_fn=cache_key_fn)

    def configure(
        self,
        key_storage: "WritableFileSystem | str | Path | None" = None,
        lock_manager: "LockManager | None" = None,
        isolation_level: "IsolationLevel | str | None" = None,
    ) -> "CachePolicy":
        """The same policy, with records in a place of their own, or with locks so that only one run at a time makes a
        record (`isolation_level="SERIALIZABLE"`, which needs a lock manager)."""
        import copy

        from tui_flow.sdk.transactions import IsolationLevel

        new = copy.copy(self)
        if key_storage is not None:
            new.key_storage = key_storage
        if lock_manager is not None:
            new.lock_manager = lock_manager
        if isolation_level is not None:
            new.isolation_level = IsolationLevel(isolation_level)
        return new

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        raise NotImplementedError

    def __add__(self, other: "CachePolicy") -> "CachePolicy":
        """Both must be the same for the key to be. Raises ValueError where they are configured differently."""
        if isinstance(other, _NoCache):
            return self
        if isinstance(self, _NoCache):
            return other
        return CompoundCachePolicy(policies=[*_parts(self), *_parts(other)])._configured_as(self, other)

    def __sub__(self, other: str) -> "CachePolicy":
        """Without an input, by its name."""
        if not isinstance(other, str):
            raise TypeError("Can only subtract strings from key policies.")
        return CompoundCachePolicy(policies=[self, Inputs(exclude=[other])])._configured_as(self)

    def _configured_as(self, *others: "CachePolicy") -> "CachePolicy":
        for name in _CONFIGURATION:
            given = [value for value in (getattr(other, name) for other in others) if value is not None]
            if any(value != given[0] for value in given):
                raise ValueError(f"Cannot add CachePolicies with different {name.replace('_', ' ')}s.")
            if given:
                setattr(self, name, given[0])
        return self

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({fields})"


class CacheKeyFnPolicy(CachePolicy):
    """The key is what a function of the author's returns."""

    def __init__(self, cache_key_fn: Callable[..., str | None] | None = None) -> None:
        self.cache_key_fn = cache_key_fn

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],  # noqa: ARG002
        **_: Any,
    ) -> str | None:
        return self.cache_key_fn(task_ctx, inputs) if self.cache_key_fn else None


class CompoundCachePolicy(CachePolicy):
    """Several policies: a hash of the keys of all that have one."""

    def __init__(self, policies: list[CachePolicy] | None = None) -> None:
        self.policies = list(policies or ())

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        keys = [
            key
            for policy in self.policies
            if (key := policy.compute_key(task_ctx, inputs, flow_parameters, **kwargs)) is not None
        ]
        return hash_of(tuple(sorted(keys))) if keys else None

    def __sub__(self, other: str) -> CachePolicy:
        if not isinstance(other, str):
            raise TypeError("Can only subtract strings from key policies.")
        inputs = [policy for policy in self.policies if isinstance(policy, Inputs)]
        if not inputs:
            return super().__sub__(other)
        new = [policy - other if isinstance(policy, Inputs) else policy for policy in self.policies]
        return CompoundCachePolicy(policies=new)._configured_as(self)


class _NoCache(CachePolicy):
    """Never a key."""

    caches = False

    def compute_key(self, *_: Any, **__: Any) -> str | None:
        return None

    def __sub__(self, other: str) -> CachePolicy:
        return self

    def __repr__(self) -> str:
        return "NO_CACHE"


class TaskSource(CachePolicy):
    """The text of the task's function; not of what it calls."""

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any] | None,  # noqa: ARG002
        flow_parameters: dict[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> str | None:
        return _source_key(task_ctx.task.fn) if task_ctx is not None and task_ctx.task else None


class FlowParameters(CachePolicy):
    """The parameters of the flow run around the task."""

    def compute_key(
        self,
        task_ctx: "TaskRunContext",  # noqa: ARG002
        inputs: dict[str, Any],  # noqa: ARG002
        flow_parameters: dict[str, Any],
        **_: Any,
    ) -> str | None:
        return hash_of(flow_parameters) if flow_parameters else None


class RunId(CachePolicy):
    """The flow run around the task; outside of any, the task run."""

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],  # noqa: ARG002
        flow_parameters: dict[str, Any],  # noqa: ARG002
        **_: Any,
    ) -> str | None:
        run = task_ctx.task_run
        return run.flow_run_id or f"task-{id(run.tree)}-{run.number}"


class Inputs(CachePolicy):
    """The arguments of the task, but for those that were subtracted."""

    def __init__(self, exclude: list[str] | None = None) -> None:
        self.exclude = list(exclude or ())

    def compute_key(
        self,
        task_ctx: "TaskRunContext",  # noqa: ARG002
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],  # noqa: ARG002
        **_: Any,
    ) -> str | None:
        kept = {name: value for name, value in (inputs or {}).items() if name not in self.exclude}
        return hash_of(kept) if kept else None

    def __sub__(self, other: str) -> CachePolicy:
        if not isinstance(other, str):
            raise TypeError("Can only subtract strings from key policies.")
        return Inputs(exclude=[*self.exclude, other])._configured_as(self)


def _parts(policy: CachePolicy) -> list[CachePolicy]:
    return policy.policies if isinstance(policy, CompoundCachePolicy) else [policy]


def hash_of(value: Any) -> str:
    """A hash of any value: by what it is made of, else by its JSON form, else by its pickle. Raises ValueError where
    it has none of these."""
    try:
        return argument_digest.digest((value,), {})
    except (argument_digest.Undigestible, RecursionError):
        return blake2b(_bytes_of(value), digest_size=16).hexdigest()


def _bytes_of(value: Any) -> bytes:
    try:
        from pydantic_core import to_json

        return b"json" + to_json(value)
    except Exception:
        try:
            import cloudpickle  # type: ignore[import-untyped]

            return b"pickle" + bytes(cloudpickle.dumps(value))
        except Exception as error:
            raise ValueError(
                f"it has neither a hash, nor JSON, nor a pickle ({type(error).__name__}: {error}); give a cache_key_fn, "
                'or leave an input out with INPUTS - "its name"'
            ) from None


_sources: dict[int, tuple[Any, str]] = {}


def _source_key(fn: Any) -> str:
    """Once for each code, which is held on to."""
    held = getattr(fn, "__code__", fn)
    found = _sources.get(id(held))
    if found is None:
        import inspect

        try:
            text = inspect.getsource(inspect.unwrap(fn))
        except (OSError, TypeError):
            text = held.co_code.hex() if hasattr(held, "co_code") else repr(fn)
        found = _sources[id(held)] = (held, hash_of(text))
    return found[1]


def task_input_hash(context: "TaskRunContext", arguments: dict[str, Any]) -> str | None:
    """For `cache_key_fn`: the task's name, its code and its arguments."""
    return hash_of((context.task.name, _source_key(context.task.fn), arguments))


INPUTS = Inputs()
TASK_SOURCE = TaskSource()
FLOW_PARAMETERS = FlowParameters()
RUN_ID = RunId()
NO_CACHE = NONE = _NoCache()
DEFAULT = INPUTS + TASK_SOURCE + RUN_ID
