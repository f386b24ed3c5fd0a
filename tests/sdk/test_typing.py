"""What a type checker makes of flow files: the decorators keep the signatures."""

import shutil
import textwrap
from pathlib import Path

import pytest
from mypy import api

import tui_flow

HEAD = """\
import asyncio
from typing import Any, assert_type
from tui_flow import Flow, State, Task, flow, task

@task
def half(x: int, name: str = "a") -> float:
    return x / 2

@task(retries=2, retry_delay_seconds=[1, 2])
async def told(x: int) -> bytes:
    return b""

@flow(log_prints=True)
def whole(x: int = 1) -> list[str]:
    return []
"""


def problems(tmp_path: Path, body: str, head: str = HEAD) -> list[str]:
    """What `mypy --strict` says about a flow file with these lines after HEAD."""
    path = tmp_path / "flow_file.py"
    path.write_text(head + textwrap.dedent(body))
    said, crash, _ = api.run(["--strict", "--cache-dir", str(tmp_path.parent / "mypy-cache"), str(path)])
    assert not crash, crash
    return [line for line in said.splitlines() if " error: " in line]


def test_calls_submits_and_maps_have_the_type_that_the_function_returns(tmp_path):
    body = """
        @flow
        async def around() -> None:
            assert_type(half(1), float)
            assert_type(half.submit(1).result(), float)
            assert_type(half.map([1, 2]).result(), list[float])
            assert_type(half(1, wait_for=[half.submit(2)]), float)
            assert_type(half(1, return_state=True), State[float])
            assert_type(half.with_options(name="b")(1), float)
            assert_type(half.fn(1), float)
            assert_type(await told(1), bytes)
            assert_type(told.submit(1).result(), bytes)
            assert_type(await asyncio.gather(told(1), told(2)), tuple[bytes, bytes])
            assert_type(whole(), list[str])
            assert_type(whole.fn(), list[str])
            whole.serve(name="nightly", cron="0 3 * * *", parameters={"x": 1}, limit=2)
            assert_type(whole.to_deployment("nightly", interval=60).full_name, str)
            flow.from_source("work", "etl.py:daily").serve(interval=60)
            assert_type(whole(return_state=True), State[list[str]])
        """
    assert problems(tmp_path, body) == []


def test_methods_have_their_type_without_self(tmp_path):
    body = """
        class Source:
            @task
            def read(self, x: int) -> str:
                return ""

            @flow
            def load(self, x: int) -> str:
                return self.read(x)

        assert_type(Source().load(1), str)
        assert_type(Source().read.submit(1).result(), str)
        """
    assert problems(tmp_path, body) == []


def test_arguments_that_do_not_fit_are_found(tmp_path):
    found = problems(tmp_path, "half('x')\nhalf()\nwhole('x')\n")
    assert len(found) == 3


def test_generators_have_the_type_of_what_they_yield_and_submitted_that_of_a_list(tmp_path):
    body = """
        from collections.abc import AsyncGenerator, Generator

        @task
        def numbers(to: int) -> Generator[int, None, str]:
            yield from range(to)
            return ""

        @task
        async def told_one_by_one(to: int) -> AsyncGenerator[bytes, None]:
            yield b""

        @flow
        def squares(to: int) -> Generator[int, None, None]:
            for number in numbers(to):
                yield number * number

        @flow
        async def around() -> None:
            assert_type([square for square in squares(2)], list[int])
            assert_type([one async for one in told_one_by_one(2)], list[bytes])
            assert_type(numbers.submit(3).result(), list[int])
            assert_type(numbers.map([3]).result(), list[list[int]])
            assert_type(told_one_by_one.submit(3).result(), list[bytes])
        """
    assert problems(tmp_path, body) == []


def test_prefects_module_names_hooks_and_runners_are_known(tmp_path):
    body = """
        from tui_flow import ProcessPoolTaskRunner, PrefectFuture, allow_failure, runtime, tags
        from tui_flow.futures import PrefectFutureList, as_completed, wait
        from tui_flow.runtime import flow_run
        from tui_flow.states import Completed
        from tui_flow.task_runners import ProcessPoolTaskRunner as Processes, ThreadPoolTaskRunner

        @flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
        def around() -> None:
            done, _ = wait([half.submit(1)])
            for future in as_completed([half.submit(1)]):
                assert_type(future, PrefectFuture[float])
            assert_type(half.map([1]), PrefectFutureList[float])
            assert_type(half.submit(1, return_state=True), State[float])
            assert_type(told.map([1], return_state=True), list[State[bytes]])
            half.submit(allow_failure(half.submit(1)))
            with tags("a") as now:
                assert_type(now, set[str])
            with ThreadPoolTaskRunner(max_workers=2) as runner:
                runner.submit(half, {"x": 1})
            assert_type(flow_run.name, str | None)

        @half.on_completion
        def hook(task: Task[Any, Any], run: Any, state: State[Any]) -> int:
            return 1

        @around.on_failure
        async def other(flow: Flow[Any, Any], run: Any, state: State[Any]) -> None: ...

        assert_type(hook(half, 1, State("COMPLETED")), int)
        """
    assert problems(tmp_path, body) == []


def test_what_materializes_assets_keeps_its_signature_and_blocks_and_variables_are_known(tmp_path):
    body = """
        from uuid import UUID
        from pydantic import SecretStr
        from tui_flow import progress
        from tui_flow.artifacts import ArtifactId, acreate_markdown_artifact, create_markdown_artifact
        from tui_flow.assets import Asset, MaterializingTask, add_asset_metadata, materialize
        from tui_flow.blocks.core import Block
        from tui_flow.blocks.system import Secret
        from tui_flow.variables import Variable

        class Credentials(Block):
            user: str
            token: SecretStr

        @materialize("s3://bucket/a.csv", Asset(key="s3://bucket/b.csv"), by="dbt", retries=2)
        def produce(x: int) -> str:
            add_asset_metadata("s3://bucket/a.csv", {"rows": x})
            return ""

        @flow
        async def around() -> None:
            assert_type(produce(1), str)
            assert_type(produce.submit(1).result(), str)
            assert_type(produce.with_options(name="other")(1), str)
            assert_type(create_markdown_artifact("x"), ArtifactId)
            assert_type(await acreate_markdown_artifact("x"), UUID)
            assert_type(Credentials(user="a", token=SecretStr("b")).user, str)
            assert_type(await Variable.aset("a", 1), Variable)
            assert_type([one for one in progress([1, 2])], list[int])

        def takes(task: MaterializingTask[[int], str], secret: Secret[str]) -> None: ...
        takes(produce, Secret[str](value=SecretStr("x")))
        """
    assert problems(tmp_path, body) == []
    assert len(problems(tmp_path, body + "\n        produce('x')\n")) == 1


OF_PREFECT = """\
from typing import assert_type
import prefect
from prefect import Flow, flow, get_client, task
from prefect.cache_policies import INPUTS, TASK_SOURCE
from prefect.client.schemas.objects import StateType
from prefect.concurrency.asyncio import concurrency as aconcurrency
from prefect.concurrency.sync import concurrency, rate_limit
from prefect.deployments import run_deployment
from prefect.futures import PrefectFuture
from prefect.logging.loggers import flow_run_logger
from prefect.runtime import flow_run
from prefect.tasks import exponential_backoff, task_input_hash
from prefect.utilities.annotations import quote
"""


@pytest.mark.parametrize("name", ["prefect", "tui_flow"])
def test_a_file_that_imports_prefects_names_is_checked(tmp_path, monkeypatch, name):
    # As the README says: mypy takes no path within site-packages, so a project has a copy of its own.
    shutil.copytree(Path(tui_flow.__file__).parent / "stubs", tmp_path / "typings")
    monkeypatch.setenv("MYPYPATH", str(tmp_path / "typings"))
    head = OF_PREFECT.replace("prefect", name)
    if name == "tui_flow":  # has no stubs for what Prefect keeps in modules below modules
        head = "\n".join(
            line for line in head.splitlines() if "schemas" not in line and "loggers" not in line
        )
        head = head.replace("get_client, ", "")
    body = f"""
        @{name}.task(cache_policy=INPUTS + TASK_SOURCE, retry_delay_seconds=exponential_backoff(2))
        def half(x: int) -> float:
            with concurrency("db", occupy=1):
                rate_limit("db")
            return x / 2

        @task
        async def told(x: int) -> str:
            async with aconcurrency("db"):
                return str(x)

        @flow(log_prints=True)
        def whole(x: int = 1) -> list[float]:
            assert_type(half(x), float)
            assert_type(half.submit(1), PrefectFuture[float])
            assert_type(flow_run.name, str | None)
            assert_type(run_deployment("a/b"), Any)
            return half.map([1, 2]).result()

        assert_type(whole.generate_mermaid_graph(1), str)
        whole("x")
        """
    (problem,) = problems(
        tmp_path, body, head.replace("import assert_type", "import Any, assert_type") + "\n"
    )
    assert 'No overload variant of "__call__" of "Flow" matches argument type "str"' in problem
