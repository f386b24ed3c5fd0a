"""Random graphs of tasks, killed at every boundary between two of them, and rerun: the outcome is that of an undisturbed
run, and no task whose code and arguments are unchanged runs twice."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tui_flow.contract import rundir

HEAD = '''
import os, signal
from pathlib import Path
from tui_flow import flow, task

def boundary(name):
    """Notes that a task's body ran, and dies before or after the one at which this attempt is to die."""
    with open("ran", "a") as file:
        file.write(name + "\\n")

def die(place):
    if Path("kill").exists() and Path("kill").read_text() == place:
        Path("kill").unlink()
        os.kill(os.getpid(), signal.SIGKILL)

@task
def node(name, inputs):
    boundary(name)
    return {"name": name, "sum": 1 + sum(one["sum"] for one in inputs), "odd": (name, {name})}
'''


def flow_file(graph: list[tuple[str, list[int]]]) -> str:
    """A flow that calls a node after another; a node's inputs are nodes before it. Some are submitted, some mapped, some
    in a nested flow."""
    lines = [HEAD, "@flow", "def nested(name, inputs):", "    return node(name, inputs)", ""]
    lines += ["@flow", "def sample():", "    found = []"]
    for index, (how, inputs) in enumerate(graph):
        given = "[" + ", ".join(f"found[{one}]" for one in inputs) + "]"
        call = {
            "call": f"node('n{index}', {given})",
            "submit": f"node.submit('n{index}', {given}).result()",
            "map": f"node.map(['n{index}'], [{given}]).result()[0]",
            "nested": f"nested('n{index}', {given})",
        }[how]
        lines += [f"    die('{index}')", f"    found.append({call})"]
    lines += ["    die('end')", "    Path('outcome').write_text(repr([one['sum'] for one in found]))"]
    return "\n".join(lines) + "\n"


def graphs(most: int) -> st.SearchStrategy[list[tuple[str, list[int]]]]:
    how = st.sampled_from(["call", "submit", "map", "nested"])

    def nodes(count: int) -> st.SearchStrategy[list[tuple[str, list[int]]]]:
        one = [
            st.tuples(how, st.lists(st.integers(0, index - 1), max_size=3) if index else st.just([]))
            for index in range(count)
        ]
        return st.tuples(*one).map(list)

    return st.integers(1, most).flatmap(nodes)


def sums(graph: list[tuple[str, list[int]]]) -> list[int]:
    found: list[int] = []
    for _, inputs in graph:
        found.append(1 + sum(found[one] for one in inputs))
    return found


class Project:
    def __init__(self, root: Path, graph: list[tuple[str, list[int]]]) -> None:
        (root / "flows").mkdir(parents=True)
        self.root, self.attempt, self.seed = root, 0, 0
        path = root / "flows" / "sample.py"
        path.write_text(flow_file(graph))
        id, self.directory = rundir.make_run_dir(rundir.open_state_dir(root))
        self.spec = rundir.RunSpec(
            run_id=id, flow="sample", path=str(path), function="sample", parameters={}, run_name=None, tags=[],
            trigger="command", created_at=time.time(), project=str(root), cookie=os.urandom(16).hex(),
            timeout_seconds=None, grace_seconds=1.0,
        )  # fmt: skip

    def run(self, kill: str | None = None) -> None:
        """The next attempt, which dies at that place."""
        if kill is not None:
            (self.root / "kill").write_text(kill)
        self.attempt += 1
        self.seed = (self.seed + 1) % 5
        rundir.write_spec(
            self.directory,
            self.spec._replace(attempt=self.attempt, first_task_run_id=1000 * self.attempt),
        )
        subprocess.run(
            [sys.executable, "-m", "tui_flow.sdk.keeper", str(self.directory)],
            env={**os.environ, "PYTHONHASHSEED": str(self.seed)},
            check=True,
            timeout=60,
        )


def check(root: Path, graph: list[tuple[str, list[int]]]) -> None:
    project = Project(root, graph)
    for place in (*map(str, range(len(graph))), "end"):
        project.run(kill=place)
        assert not (root / "kill").exists() and not (root / "outcome").exists()
    project.run()
    assert ast.literal_eval((root / "outcome").read_text()) == sums(graph)
    assert (root / "ran").read_text().split() == [f"n{index}" for index in range(len(graph))]


RELAXED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@settings(
    max_examples=3, deadline=None, suppress_health_check=RELAXED, derandomize=True, phases=[Phase.generate]
)
@given(graph=graphs(4))
def test_a_graph_that_is_killed_at_every_boundary_ends_as_an_undisturbed_one(
    tmp_path_factory: pytest.TempPathFactory, graph: list[tuple[str, list[int]]]
) -> None:
    check(tmp_path_factory.mktemp("graph") / "project", graph)


@pytest.mark.soak
@settings(max_examples=200, deadline=None, suppress_health_check=RELAXED)
@given(graph=graphs(9))
def test_two_hundred_such_graphs(
    tmp_path_factory: pytest.TempPathFactory, graph: list[tuple[str, list[int]]]
) -> None:
    check(tmp_path_factory.mktemp("graph") / "project", graph)
