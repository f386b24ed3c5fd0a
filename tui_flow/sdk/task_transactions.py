"""The transaction that governs a task run: whether a record makes the run needless, and what its end does to it."""

from typing import TYPE_CHECKING, Any

from tui_flow.sdk.effects import Logic
from tui_flow.sdk.persistence import expiration_of, key_of, persists, policy_of, refreshes, store_of
from tui_flow.sdk.states import COMPLETED, State
from tui_flow.sdk.transactions import BaseTransaction, Transaction, get_transaction

if TYPE_CHECKING:
    from tui_flow.sdk.runs import TaskRun

CACHED = "Cached"
"""Prefect's name of the state of a run whose record was there."""


def begin(run: "TaskRun") -> Logic[BaseTransaction]:
    """The run's transaction, begun. It is committed already where there is a record. Raises ConfigurationError for an
    isolation that needs locks which are not there."""
    task = run.task
    key = key_of(run) if persists(run) else None
    run.transaction = Transaction(
        key,
        store_of(run) if key else None,
        isolation_level=policy_of(task).isolation_level,
        overwrite=refreshes(run),
        run=run,
        expiration=expiration_of(task),
    )
    yield from run.transaction.begin_steps()
    return run.transaction


def cached_state(transaction: BaseTransaction) -> State[Any] | None:
    """The state that a record stands for; None where the run has to go on."""
    if not transaction.is_committed() or transaction._found is None:
        return None
    return State(COMPLETED, CACHED, "An earlier run's result was used.", transaction._found.result)


def end(run: "TaskRun", transaction: BaseTransaction, state: State[Any]) -> Logic[None]:
    """Commits what completed, unless a transaction around will, and rolls back anything else."""
    if state.type is not COMPLETED:
        yield from transaction.rollback_steps()
        return
    transaction.stage(state.data, list(run.task.on_rollback_hooks), list(run.task.on_commit_hooks))
    yield from transaction.end_steps(None)


def take_part(run: "TaskRun", state: State[Any]) -> Logic[None]:
    """A reused result counts in the transaction around as one that was made now: it may yet be rolled back."""
    if get_transaction() is None:
        return
    run.transaction = Transaction(run=run)
    yield from run.transaction.begin_steps()
    yield from end(run, run.transaction, state)
