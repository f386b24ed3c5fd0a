"""Transactions: what counts all together, what is undone, and what runs once for a key."""

from typing import Any

import pytest

from tests.sdk.history import History
from tui_flow import flow, get_run_context, task
from tui_flow.sdk.cache_policies import INPUTS
from tui_flow.sdk.exceptions import ConfigurationError
from tui_flow.sdk.locking import MemoryLockManager
from tui_flow.sdk.results import ResultStore
from tui_flow.sdk.transactions import (
    AsyncTransaction,
    CommitMode,
    IsolationLevel,
    Transaction,
    atransaction,
    get_transaction,
    transaction,
)


class Steps:
    """Two tasks that note what becomes of them, and one that fails."""

    def __init__(self) -> None:
        self.noted: list[str] = []

        def make(name: str) -> Any:
            made = task(lambda: self.noted.append(name), name=name)
            made.on_commit(lambda txn: self.noted.append(f"commit {name}"))
            made.on_rollback(lambda txn: self.noted.append(f"rollback {name}"))
            return made

        self.one, self.two = make("one"), make("two")

        @task
        def fail() -> None:
            raise ValueError("no")

        self.fail = fail


@pytest.fixture
def steps(history: History) -> Steps:
    return Steps()


def test_a_task_alone_commits_at_its_end(steps: Steps) -> None:
    @flow
    def pipeline() -> None:
        steps.one()
        steps.two()

    pipeline()
    assert steps.noted == ["one", "commit one", "two", "commit two"]


def test_what_succeeded_is_undone_where_the_transaction_fails_the_last_first(steps: Steps) -> None:
    @flow
    def pipeline() -> None:
        with transaction():
            steps.one()
            steps.two()
            steps.fail()

    with pytest.raises(ValueError, match="no"):
        pipeline()
    assert steps.noted == ["one", "two", "rollback two", "rollback one"]


def test_all_commit_together_at_the_end(steps: Steps) -> None:
    @flow
    def pipeline() -> None:
        with transaction() as txn:
            steps.one()
            steps.two.submit().wait()
            assert txn.is_active() and not txn.is_committed()
            steps.noted.append("end")
        assert txn.is_committed()

    pipeline()
    assert steps.noted == ["one", "two", "end", "commit one", "commit two"]


def test_a_failure_that_is_caught_inside_rolls_nothing_back(steps: Steps) -> None:
    @flow
    def pipeline() -> None:
        with transaction():
            steps.one()
            steps.fail(return_state=True)

    pipeline()
    assert steps.noted == ["one", "commit one"]


def test_a_task_that_fails_undoes_what_it_called(steps: Steps) -> None:
    @task
    def outer() -> None:
        steps.one()
        with transaction():
            steps.two()
        raise ValueError("outer")

    outer.on_rollback(lambda txn: steps.noted.append("rollback outer"))
    with pytest.raises(ValueError, match="outer"):
        flow(lambda: outer())()
    assert steps.noted == ["one", "two", "rollback two", "rollback one"]


def test_nested_transactions_wait_for_the_outer_one_unless_eager(steps: Steps) -> None:
    @flow
    def pipeline() -> None:
        with transaction():
            with transaction(commit_mode=CommitMode.EAGER):
                steps.one()
            with transaction():
                steps.two()
            steps.noted.append("then")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        pipeline()
    assert steps.noted == ["one", "commit one", "two", "then", "rollback two"]


def test_off_commits_only_when_told(steps: Steps) -> None:
    @flow
    def pipeline(commit: bool) -> None:
        with transaction(commit_mode=CommitMode.OFF) as txn:
            steps.one()
            if commit:
                assert txn.commit() and not txn.commit()

    pipeline(False)
    assert steps.noted == ["one", "rollback one"]
    steps.noted.clear()
    pipeline(True)
    assert steps.noted == ["one", "commit one"]


def test_a_key_makes_code_run_once(history: History) -> None:
    ran: list[int] = []

    @flow
    def pipeline(overwrite: bool = False) -> bool:
        with transaction(key="download", overwrite=overwrite) as txn:
            if txn.is_committed():
                return False
            ran.append(1)
            txn.stage({"rows": 3})
        return True

    assert [pipeline(), pipeline(), pipeline(overwrite=True)] == [True, False, True]
    assert len(ran) == 2
    record = ResultStore(history.project / ".tui_flow" / "results").read("download")
    assert record.result == {"rows": 3}
    with transaction(key="download") as txn:
        found = txn.read()
        assert found is not None and found.result == {"rows": 3}


def test_a_failed_transaction_leaves_no_record(history: History) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="no"), transaction(key="k") as txn:
            assert not txn.is_committed()
            raise ValueError("no")
        assert txn.is_rolled_back()


def test_caches_are_written_only_where_the_transaction_commits(history: History) -> None:
    ran: list[str] = []

    @task(cache_key_fn=lambda *_: "static-1")
    def load() -> str:
        ran.append("load")
        return "data"

    @task(cache_key_fn=lambda *_: "static-2")
    def process(data: str, fail: bool) -> int:
        ran.append("process")
        if fail:
            raise RuntimeError("abort")
        return len(data)

    @flow
    def both(fail: bool) -> None:
        with transaction():
            process(load(), fail)

    with pytest.raises(RuntimeError, match="abort"):
        both(True)
    both(False)
    both(False)
    assert ran == ["load", "process", "load", "process"]


def test_values_are_copied_and_seen_by_children_and_hooks(history: History) -> None:
    seen: list[Any] = []

    @task
    def write() -> None:
        inside = get_transaction()
        assert inside is not None
        seen.append(inside.get("name"))

    write.on_rollback(lambda txn: seen.append(("undo", txn.get("name"))))

    @flow
    def pipeline() -> None:
        with transaction() as txn:
            txn.set("name", ["a"])
            txn.get("name").append("b")
            with transaction() as child:
                assert child.get("name") == ["a"]
                child.set("name", ["c"])
                assert (child.get("name"), txn.get("name")) == (["c"], ["a"])
                assert child.get_parent() is txn
            with pytest.raises(ValueError, match="unknown key: other"):
                txn.get("other")
            assert txn.get("other", 5) == 5
            write()
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        pipeline()
    assert seen == [["a"], ("undo", ["a"])]


def test_a_commit_hook_that_raises_rolls_back(steps: Steps, history: History) -> None:
    @steps.two.on_commit
    def explode(txn: Any) -> None:
        raise RuntimeError("hook")

    @flow
    def pipeline() -> bool:
        with transaction() as txn:
            steps.two()
        return txn.is_rolled_back()

    pipeline()
    assert steps.noted == ["two", "commit two", "rollback two"]
    assert history.last.logged("cannot be committed: RuntimeError: hook")


def test_a_rollback_hook_that_raises_does_not_keep_the_others_from_running(
    steps: Steps, history: History
) -> None:
    @steps.two.on_rollback
    def explode(txn: Any) -> None:
        raise RuntimeError("hook")

    @flow
    def pipeline() -> None:
        with transaction():
            steps.one()
            steps.two()
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        pipeline()
    assert steps.noted == ["one", "two", "rollback two", "rollback one"]
    assert history.last.logged("a rollback hook raised: RuntimeError: hook")


async def test_async_code_has_transactions_with_async_hooks(history: History) -> None:
    noted: list[str] = []

    @task
    async def write() -> None:
        noted.append("write")

    @write.on_rollback
    async def undo(txn: Any) -> None:
        noted.append("undo")

    @write.on_commit
    async def confirm(txn: Any) -> None:
        noted.append("confirm")

    @flow
    async def pipeline(fail: bool) -> None:
        async with atransaction(key=None) as txn:
            assert isinstance(txn, AsyncTransaction) and get_transaction() is txn
            await write()
            write.submit().wait()
            if fail:
                raise ValueError("no")

    await pipeline(False)
    assert noted == ["write", "write", "confirm", "confirm"]
    noted.clear()
    with pytest.raises(ValueError, match="no"):
        await pipeline(True)
    assert noted == ["write", "write", "undo", "undo"]


def test_serializable_needs_and_uses_a_lock(history: History) -> None:
    with (
        pytest.raises(ConfigurationError, match="lock manager"),
        transaction(key="k", isolation_level=IsolationLevel.SERIALIZABLE),
    ):
        pass
    store = ResultStore(lock_manager=MemoryLockManager())
    with transaction(key="k", store=store, isolation_level=IsolationLevel.SERIALIZABLE):
        assert store.is_locked("k")
    assert not store.is_locked("k")
    with transaction(key="k", store=store, isolation_level=IsolationLevel.SERIALIZABLE) as txn:
        assert txn.is_committed() and not store.is_locked("k")


def test_outside_of_flows_too(steps: Steps) -> None:
    with pytest.raises(ValueError, match="no"), transaction() as txn:
        assert isinstance(txn, Transaction)
        steps.one()
        raise ValueError("no")
    assert steps.noted == ["one", "rollback one"]
    assert get_transaction() is None


def test_cached_results_are_not_undone(steps: Steps) -> None:
    undone: list[int] = []

    @task(cache_policy=INPUTS)
    def load(x: int) -> int:
        return x

    load.on_rollback(lambda txn: undone.append(1))

    @flow
    def pipeline() -> None:
        load(1)
        with transaction():
            load(1)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        pipeline()
    assert undone == []


def test_a_transaction_has_the_name_of_its_run(history: History) -> None:
    @flow(flow_run_name="outer")
    def pipeline() -> tuple[str, object]:
        with transaction() as txn:
            return txn.name, get_run_context().start_time

    name, began = pipeline()
    assert name == "outer" and began is not None
    assert (pipeline.parameters, pipeline.should_validate_parameters) == (pipeline.parameter_schema(), True)
