"""A flow's structure, drawn without running its tasks."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.sdk.history import History
from tui_flow import flow, task
from tui_flow.sdk.visualization import (
    GraphvizExecutableNotFoundError,
    VisualizationUnsupportedError,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*will execute code")


@task(name="Print Hello")
def print_hello(name: str) -> str:
    raise AssertionError("tasks do not run")


@task(viz_return_value=[4])
def get_list() -> list[int]:
    raise AssertionError("tasks do not run")


@flow(name="Hello Flow")
def hello(name: str = "world") -> None:
    first = print_hello(name)
    print_hello(first)


def test_a_mermaid_graph_names_calls_and_what_goes_into_what(history: History) -> None:
    assert hello.generate_mermaid_graph() == "\n".join(
        [
            "flowchart TD",
            '    Print_Hello_0["Print Hello-0"]',
            '    Print_Hello_1["Print Hello-1"]',
            "    Print_Hello_0 --> Print_Hello_1",
        ]
    )
    assert history.runs == []


def test_values_that_are_given_for_it_are_followed_and_nested_flows_are_one_call(history: History) -> None:
    @task
    async def later(values: list[int]) -> int:
        raise AssertionError("tasks do not run")

    @flow
    async def around() -> None:
        values = get_list()
        for _ in range(len(values)):
            await later(values)
        hello("x")

    lines = asyncio.run(around.agenerate_mermaid_graph()).splitlines()
    assert lines == around.generate_mermaid_graph().splitlines()
    assert lines[1:] == [
        '    get_list_0["get_list-0"]', '    later_0["later-0"]', '    Hello_Flow_0["Hello Flow-0"]',
        "    get_list_0 --> later_0",
    ]  # fmt: skip


def test_what_cannot_be_drawn_says_so(history: History) -> None:
    @flow
    def submits() -> None:
        print_hello.submit("x")

    @flow
    def maps() -> None:
        print_hello.map(["x"])

    @flow
    def looks() -> int:
        return len(print_hello("x"))

    for one, what in ((submits, "submit"), (maps, "map")):
        with pytest.raises(
            VisualizationUnsupportedError, match=rf"`task.{what}\(\)` is not currently supported"
        ):
            one.generate_mermaid_graph()
    with pytest.raises(TypeError, match=r"has no len.*\n(.*\n)*.*viz_return_value"):
        looks.generate_mermaid_graph()
    with pytest.raises(AssertionError):
        print_hello("afterwards tasks run again")


def test_a_picture_is_drawn_by_graphviz_and_its_lack_is_named(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GraphvizExecutableNotFoundError, match=r"graphviz\.org.*generate_mermaid_graph"):
        hello.visualize()
    program = tmp_path / "dot"
    program.write_text(
        '#!/bin/sh\nprintf "%s " "$@" > seen; while read -r line; do echo "$line" >> seen; done\n'
    )
    program.chmod(0o700)
    hello.visualize()
    seen = (tmp_path / "seen").read_text()
    assert seen.startswith("-Tpng -o Hello Flow.png digraph {\n") and "n0 -> n1" in seen
    assert os.environ["PATH"] == str(tmp_path)
