"""Random graphs of tasks, killed at every boundary between two of them, and rerun, while code and parameters change in
between: the outcome is that of an undisturbed run, and no task whose code and arguments are unchanged runs twice."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tui_flow.contract import rundir

HEAD = '''
import os, signal
from pathlib import Path
from tui_flow import flow, task
from tui_flow.cache_policies import INPUTS

BONUS = {bonus}

def told(name, inputs, more):
    """Notes that a task's body came to its end."""
    with open("ran", "a") as file:
        file.write(name + "\\n")
    return {{"name": name, "sum": 1 + more + sum(one["sum"] for one in inputs), "odd": (name, {{name}})}}

def die(place):
    if Path("kill").exists() and Path("kill").read_text() == place:
        Path("kill").unlink()
        os.kill(os.getpid(), signal.SIGKILL)

@task
def plain(name, inputs, p=0):
    return told(name, inputs, p)

@task
def changing(name, inputs, p=0):
    return told(name, inputs, p + BONUS)

@task(cache_policy=INPUTS)
def cached(name, inputs, p=0):
    return told(name, inputs, p)

@task(retries=1)
def shaky(name, inputs, p=0):
    if not Path(f"tried-{{name}}").exists():
        Path(f"tried-{{name}}").touch()
        raise ValueError("the first try")
    return told(name, inputs, p)
'''
TASKS = ["plain", "changing", "cached", "shaky"]


class Node(NamedTuple):
    """One call of a task."""

    task: str
    how: str
    inputs: list[int]
    """Nodes before it."""
    takes_parameter: bool


class Attempt(NamedTuple):
    """With what code and parameter an attempt runs."""

    bonus: int
    parameter: int


Case = tuple[list[Node], list[Attempt]]


def flow_file(graph: list[Node], bonus: int) -> str:
    """A flow that calls a node after another: here, submitted, mapped, or in a nested flow."""
    lines = [HEAD.format(bonus=bonus)]
    for name in TASKS:
        lines += [
            "@flow",
            f"def nested_{name}(name, inputs, p=0):",
            f"    return {name}(name, inputs, p)",
            "",
        ]
    lines += ["@flow", "def sample(p: int):", "    found = []"]
    for index, node in enumerate(graph):
        inputs = "[" + ", ".join(f"found[{one}]" for one in node.inputs) + "]"
        p = "p" if node.takes_parameter else "0"
        call = {
            "call": f"{node.task}('n{index}', {inputs}, {p})",
            "submit": f"{node.task}.submit('n{index}', {inputs}, {p}).result()",
            "map": f"{node.task}.map(['n{index}'], [{inputs}], {p}).result()[0]",
            "nested": f"nested_{node.task}('n{index}', {inputs}, {p})",
        }[node.how]
        lines += [f"    die('{index}')", f"    found.append({call})"]
    lines += ["    die('end')", "    Path('outcome').write_text(repr([one['sum'] for one in found]))"]
    return "\n".join(lines) + "\n"


def cases(most: int) -> st.SearchStrategy[Case]:
    """A graph, and what each of its attempts runs with: one for each place to die at, and one that may end."""
    how = st.sampled_from(["call", "submit", "map", "nested"])

    def of_size(count: int) -> st.SearchStrategy[Case]:
        nodes = [
            st.builds(
                Node,
                st.sampled_from(TASKS),
                how,
                st.lists(st.integers(0, index - 1), max_size=3) if index else st.just([]),
                st.booleans(),
            )
            for index in range(count)
        ]
        attempt = st.builds(Attempt, st.sampled_from([0, 0, 100]), st.sampled_from([0, 0, 1000]))
        attempts = st.lists(attempt, min_size=count + 2, max_size=count + 2)
        return st.tuples(st.tuples(*nodes).map(list), attempts)

    return st.integers(1, most).flatmap(of_size)


class Oracle:
    """What runs, and what comes out, by the rule alone: a call is reused that succeeded with this code and these
    arguments."""

    def __init__(self, graph: list[Node]) -> None:
        self.graph, self.ran = graph, list[str]()
        self._known: set[tuple[object, ...]] = set()

    def run(self, attempt: Attempt, until: int) -> list[int]:
        found: list[int] = []
        for index, node in enumerate(self.graph[:until]):
            p = attempt.parameter if node.takes_parameter else 0
            code = attempt.bonus if node.task == "changing" else 0
            call = (index, tuple(found[one] for one in node.inputs), p, code)
            if call not in self._known:
                self._known.add(call)
                self.ran.append(f"n{index}")
            found.append(1 + p + code + sum(found[one] for one in node.inputs))
        return found


class Project:
    def __init__(self, root: Path, graph: list[Node]) -> None:
        (root / "flows").mkdir(parents=True)
        self.root, self.graph, self.attempt = root, graph, 0
        self.path = root / "flows" / "sample.py"
        id, self.directory = rundir.make_run_dir(rundir.open_state_dir(root))
        self.spec = rundir.RunSpec(
            run_id=id, flow="sample", path=str(self.path), function="sample", parameters={}, run_name=None, tags=[],
            trigger="command", created_at=time.time(), project=str(root), cookie=os.urandom(16).hex(),
            timeout_seconds=None, grace_seconds=1.0,
        )  # fmt: skip

    def run(self, attempt: Attempt, kill: str | None = None) -> None:
        """The next attempt, which dies at that place."""
        if kill is not None:
            (self.root / "kill").write_text(kill)
        self.path.write_text(flow_file(self.graph, attempt.bonus))
        self.attempt += 1
        rundir.write_spec(
            self.directory,
            self.spec._replace(
                attempt=self.attempt,
                first_task_run_id=1000 * self.attempt,
                parameters={"p": attempt.parameter},
            ),
        )
        subprocess.run(
            [sys.executable, "-m", "tui_flow.sdk.keeper", str(self.directory)],
            env={**os.environ, "PYTHONHASHSEED": str(self.attempt % 5)},
            check=True,
            timeout=60,
        )

    @property
    def ran(self) -> list[str]:
        """The bodies that came to their end, in order."""
        path = self.root / "ran"
        return path.read_text().split() if path.exists() else []


def check(root: Path, case: Case) -> None:
    graph, attempts = case
    project, oracle = Project(root, graph), Oracle(graph)
    for until, attempt in enumerate(attempts[:-1]):
        project.run(attempt, kill="end" if until == len(graph) else str(until))
        oracle.run(attempt, until)
        assert not (root / "kill").exists() and not (root / "outcome").exists()
        assert project.ran == oracle.ran, f"attempt {project.attempt}"
    project.run(attempts[-1])
    expected = oracle.run(attempts[-1], len(graph))
    assert ast.literal_eval((root / "outcome").read_text()) == expected
    assert project.ran == oracle.ran


RELAXED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@settings(
    max_examples=3, deadline=None, suppress_health_check=RELAXED, derandomize=True, phases=[Phase.generate]
)
@given(case=cases(3))
def test_a_graph_that_is_killed_at_every_boundary_ends_as_an_undisturbed_one(
    tmp_path_factory: pytest.TempPathFactory, case: Case
) -> None:
    check(tmp_path_factory.mktemp("graph") / "project", case)


@pytest.mark.soak
@settings(max_examples=200, deadline=None, suppress_health_check=RELAXED)
@given(case=cases(9))
def test_two_hundred_such_graphs(tmp_path_factory: pytest.TempPathFactory, case: Case) -> None:
    check(tmp_path_factory.mktemp("graph") / "project", case)
