"""What a type checker makes of flow files: the decorators keep the signatures."""

import textwrap
from pathlib import Path

from mypy import api

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


def problems(tmp_path: Path, body: str) -> list[str]:
    """What `mypy --strict` says about a flow file with these lines after HEAD."""
    path = tmp_path / "flow_file.py"
    path.write_text(HEAD + textwrap.dedent(body))
    said, crash, _ = api.run(["--strict", "--cache-dir", str(tmp_path / "cache"), str(path)])
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
