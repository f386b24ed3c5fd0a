"""Transactions: several tasks that count all together or not at all, and code that runs once for a key.

    PENDING → ACTIVE → STAGED → COMMITTED
                 └────────┴───→ ROLLED_BACK

A transaction that ends well commits: first its children, then its hooks, then its record. One that an exception
leaves rolls back: its hooks, then its children, the last one first. Children of a lazy transaction wait for it.
"""

import copy
from contextvars import ContextVar, Token
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tui_flow.sdk import context
from tui_flow.sdk.context import current
from tui_flow.sdk.effects import Ask, Logic, Sleep, drive, drive_async
from tui_flow.sdk.exceptions import ConfigurationError
from tui_flow.sdk.logging import logger_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tui_flow.sdk.results import ResultRecord, ResultStore
    from tui_flow.sdk.runs import FlowRun, TaskRun

POLL_SECONDS = 0.01
"""Between two looks at a lock that another holds."""
_MISSING: Any = object()
_opened: "ContextVar[BaseTransaction | None]" = ContextVar("tui_flow_transaction", default=None)
"""The innermost `with transaction()` around the running code."""


class IsolationLevel(StrEnum):
    READ_COMMITTED = "READ_COMMITTED"
    """Sees what others committed; does not keep them from running at the same time."""
    SERIALIZABLE = "SERIALIZABLE"
    """One at a time for each key, by a lock."""


class CommitMode(StrEnum):
    EAGER = "EAGER"
    """Commits at its own end."""
    LAZY = "LAZY"
    """Commits with the transaction around it."""
    OFF = "OFF"
    """Commits only when it is told to, and rolls back otherwise."""


class TransactionState(StrEnum):
    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    STAGED = "STAGED"
    COMMITTED = "COMMITTED"
    ROLLED_BACK = "ROLLED_BACK"


class BaseTransaction:
    """What transactions have in common, in blocking and in async code: the steps are written once, as logic."""

    def __init__(
        self,
        key: str | None = None,
        store: "ResultStore | None" = None,
        commit_mode: CommitMode | None = None,
        isolation_level: IsolationLevel | str | None = None,
        overwrite: bool = False,
        write_on_commit: bool = True,
        logger: Any = None,
        run: "TaskRun | None" = None,
        expiration: "datetime | None" = None,
    ) -> None:
        self.key, self.store, self.overwrite, self.write_on_commit = key, store, overwrite, write_on_commit
        self.commit_mode = None if commit_mode is None else CommitMode(commit_mode)
        self.isolation_level = None if isolation_level is None else IsolationLevel(isolation_level)
        self.state = TransactionState.PENDING
        self.children: list[BaseTransaction] = []
        self.on_commit_hooks: list[Callable[..., Any]] = []
        self.on_rollback_hooks: list[Callable[..., Any]] = []
        self.parent: BaseTransaction | None = None
        self.opened_in: FlowRun | TaskRun | None = None
        self._run, self._logger, self._expiration = run, logger, expiration
        self._staged: Any = None
        self._values: dict[str, Any] = {}
        self._found: ResultRecord[Any] | None = None
        self._holder = ""
        self._token: Token[BaseTransaction | None] | None = None

    # What authors ask.

    @property
    def name(self) -> str:
        """That of the task run that it governs, or of the run that it was opened in; else its key."""
        run = self._run or self.opened_in
        return run.name if run is not None else self.key or ""

    def is_committed(self) -> bool:
        """Also one whose record was there when it began."""
        return self.state is TransactionState.COMMITTED

    def is_rolled_back(self) -> bool:
        return self.state is TransactionState.ROLLED_BACK

    def is_staged(self) -> bool:
        return self.state is TransactionState.STAGED

    def is_pending(self) -> bool:
        return self.state is TransactionState.PENDING

    def is_active(self) -> bool:
        return self.state is TransactionState.ACTIVE

    def set(self, name: str, value: Any) -> None:
        """Keeps a value for those in the transaction, and for its hooks."""
        self._values[name] = value

    def get(self, name: str, default: Any = _MISSING) -> Any:
        """A copy of a value that was set here, or in a transaction around. Raises ValueError for an unknown name, unless
        there is a default."""
        at: BaseTransaction | None = self
        while at is not None:
            if name in at._values:
                return copy.deepcopy(at._values[name])
            at = at.parent
        if default is _MISSING:
            raise ValueError(f"Could not retrieve value for unknown key: {name}")
        return default

    def stage(
        self,
        value: Any,
        on_rollback_hooks: "list[Callable[..., Any]] | None" = None,
        on_commit_hooks: "list[Callable[..., Any]] | None" = None,
    ) -> None:
        """What the record is to hold, and what to call at the end."""
        if self.state is not TransactionState.COMMITTED:
            self._staged = value
            self.on_rollback_hooks += on_rollback_hooks or []
            self.on_commit_hooks += on_commit_hooks or []
            self.state = TransactionState.STAGED

    def add_child(self, transaction: "BaseTransaction") -> None:
        self.children.append(transaction)

    def get_parent(self) -> "BaseTransaction | None":
        return self.parent

    @classmethod
    def get_active(cls) -> "BaseTransaction | None":
        return get_transaction()

    # The steps.

    def begin_steps(self) -> Logic[None]:
        """Takes its place below the transaction around it, and the lock, and looks for its record."""
        context.transactions_seen = True
        self.parent, self.opened_in = get_transaction(), current.get()
        if self.commit_mode is None:
            self.commit_mode = (self.parent.commit_mode if self.parent else None) or CommitMode.LAZY
        if self.isolation_level is None:
            self.isolation_level = (
                self.parent.isolation_level if self.parent else None
            ) or IsolationLevel.READ_COMMITTED
        if (
            self.store is not None
            and self.key
            and not self.store.supports_isolation_level(self.isolation_level)
        ):
            raise ConfigurationError(
                f"Isolation level {self.isolation_level.name} is not supported by provided configuration. "
                "Please ensure you've provided a lock manager."
            )
        if self.parent is not None:
            self.parent.add_child(self)
        yield from self._lock()
        if not self.overwrite and self.store is not None and self.key:
            try:
                self._found = self.store.find(self.key)
            except Exception as error:
                self._say("warning", "its record cannot be read, and counts as none: %s: %s", error)
        if self._found is None:
            self.state = TransactionState.ACTIVE
        else:
            self.state = TransactionState.COMMITTED
            self._unlock()

    def end_steps(self, error: BaseException | None) -> Logic[None]:
        """Rolls back after an exception; else commits, or rolls back, if it is not for the one around to say."""
        if error is not None:
            yield from self.rollback_steps()
        elif self.commit_mode is CommitMode.EAGER:
            yield from self.commit_steps()
        elif self.parent is None:
            off = self.commit_mode is CommitMode.OFF
            yield from (self.rollback_steps() if off else self.commit_steps())

    def commit_steps(self) -> Logic[bool]:
        """Whether it is committed now and was not before. What a hook or the storage raises makes it roll back."""
        if self.state in (TransactionState.COMMITTED, TransactionState.ROLLED_BACK):
            self._unlock()
            return False
        try:
            for child in self.children:
                yield from child.commit_steps()
            for hook in self.on_commit_hooks:
                yield from self._call(hook, "commit")
            if self.store is not None and self.key and self.write_on_commit:
                self.store.write(self._staged, self.key, self._expiration, self._holder)
            self.state = TransactionState.COMMITTED
        except Exception as error:
            self._say("error", "cannot be committed: %s: %s", error)
            yield from self.rollback_steps()
            return False
        finally:
            self._unlock()
        return True

    def rollback_steps(self) -> Logic[bool]:
        """Whether it is rolled back now and was not before. What a hook raises is told in the log, and the rest goes on."""
        if self.state in (TransactionState.COMMITTED, TransactionState.ROLLED_BACK):
            self._unlock()
            return False
        self.state = TransactionState.ROLLED_BACK
        self._forget_call()
        try:
            for hook in reversed(self.on_rollback_hooks):
                try:
                    yield from self._call(hook, "rollback")
                except Exception as error:
                    self._say("error", "a rollback hook raised: %s: %s", error)
            for child in reversed(self.children):
                yield from child.rollback_steps()
        finally:
            self._unlock()
        return True

    def _call(self, hook: "Callable[..., Any]", what: str) -> Logic[None]:
        name = getattr(hook, "__name__", repr(hook))
        self._log("info", "Runs %s hook %r", what, name)
        yield Ask(self._run or self.opened_in, hook, self)  # type: ignore[arg-type]

    def _forget_call(self) -> None:
        """What was undone is not reused by a later attempt."""
        if self._run is not None and self._run.tree.calls is not None:
            self._run.tree.calls.forget(self._run)

    def _lock(self) -> Logic[None]:
        if self.isolation_level is not IsolationLevel.SERIALIZABLE or self.store is None or not self.key:
            return
        self._holder = f"{self.store.generate_default_holder()}:{id(self)}"
        while not self.store.acquire_lock(self.key, self._holder, timeout=0):
            yield Sleep(POLL_SECONDS)

    def _unlock(self) -> None:
        if self._holder and self.store is not None and self.key:
            holder, self._holder = self._holder, ""
            self.store.release_lock(self.key, holder)

    def _say(self, level: str, message: str, error: BaseException) -> None:
        what = f"Transaction {self.key!r}: {message}" if self.key else f"A transaction: {message}"
        self._log(level, what, type(error).__name__, error)

    def _log(self, level: str, message: str, *args: Any) -> None:
        run = self._run or self.opened_in
        logger = self._logger or (logger_of(run) if run is not None else None)
        if logger is None:
            import logging

            logger = logging.getLogger("tui_flow.transactions")
        getattr(logger, level)(message, *args)

    def _enter(self) -> None:
        self._token = _opened.set(self)

    def _leave(self) -> None:
        if self._token is not None:
            _opened.reset(self._token)
            self._token = None


class Transaction(BaseTransaction):
    """A transaction of blocking code."""

    def begin(self) -> None:
        drive(self.begin_steps())

    def read(self) -> "ResultRecord[Any] | None":
        """The record that was there when it began."""
        return self._found

    def commit(self) -> bool:
        return drive(self.commit_steps())

    def rollback(self) -> bool:
        return drive(self.rollback_steps())

    def reset(self) -> None:
        """No longer the one around the running code."""
        self._leave()

    def __enter__(self) -> "Transaction":
        self.begin()
        self._enter()
        return self

    def __exit__(self, cls: Any, error: BaseException | None, traceback: Any) -> None:
        self._leave()
        drive(self.end_steps(error))


class AsyncTransaction(BaseTransaction):
    """A transaction of async code."""

    async def begin(self) -> None:
        await drive_async(self.begin_steps())

    async def read(self) -> "ResultRecord[Any] | None":
        """The record that was there when it began."""
        return self._found

    async def commit(self) -> bool:
        return await drive_async(self.commit_steps())

    async def rollback(self) -> bool:
        return await drive_async(self.rollback_steps())

    async def reset(self) -> None:
        """No longer the one around the running code."""
        self._leave()

    async def __aenter__(self) -> "AsyncTransaction":
        await self.begin()
        self._enter()
        return self

    async def __aexit__(self, cls: Any, error: BaseException | None, traceback: Any) -> None:
        self._leave()
        await drive_async(self.end_steps(error))


def get_transaction() -> BaseTransaction | None:
    """The innermost transaction around the running code: one that it opened, or else that of its task run."""
    opened, run = _opened.get(), current.get()
    if opened is not None and opened.opened_in is run:
        return opened
    own = getattr(run, "transaction", None)
    return own if own is not None else opened


def transaction(
    key: str | None = None,
    store: "ResultStore | None" = None,
    commit_mode: CommitMode | None = None,
    isolation_level: IsolationLevel | str | None = None,
    overwrite: bool = False,
    write_on_commit: bool = True,
    logger: Any = None,
) -> Transaction:
    """`with transaction() as txn:` the tasks inside count all together: an exception rolls back those that succeeded.

    With a `key`, and without `overwrite`, `txn.is_committed()` says whether an earlier one with that key was. Raises
    ConfigurationError for `SERIALIZABLE` without a lock manager in the store.
    """
    if key and store is None:
        store = _default_store()
    return Transaction(key, store, commit_mode, isolation_level, overwrite, write_on_commit, logger)


def atransaction(
    key: str | None = None,
    store: "ResultStore | None" = None,
    commit_mode: CommitMode | None = None,
    isolation_level: IsolationLevel | str | None = None,
    overwrite: bool = False,
    write_on_commit: bool = True,
    logger: Any = None,
) -> AsyncTransaction:
    """`async with atransaction() as txn:`, `transaction` for async code."""
    if key and store is None:
        store = _default_store()
    return AsyncTransaction(key, store, commit_mode, isolation_level, overwrite, write_on_commit, logger)


def _default_store() -> "ResultStore":
    from tui_flow.sdk.results import get_result_store

    return get_result_store()
