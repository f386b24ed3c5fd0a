"""Which calls may get other values, told from a flow's text: too many rather than too few."""

from textwrap import dedent

import pytest

from tui_flow.sdk.reach import reached

TASKS = """
    @task
    def a(x): ...

    @task
    def b(x): ...

    @task
    def c(x): ...

    named = task(c)

    def helper(x):
        return b(x)

    def constant(x):
        return 1
"""


def found(body: str, parameters: str = "p", again: str = "") -> "set[str] | None":
    """Of the tasks, those that are reached where the flow's parameter `p` is another."""
    lines = [f"    {line}" for line in dedent(body).strip().splitlines()]
    source = "\n".join([dedent(TASKS), "def main(p=1, q=2):", *lines])
    told = reached(source, "main", parameters.split(), again.split())
    return None if told is None else told & {"a", "b", "c"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("a(p); b(q)", "a", id="an argument"),
        pytest.param("x = a(p)\nb(x)\nc(q)", "a b", id="through what a call gives"),
        pytest.param("f = a.submit(q)\nb.submit(p, wait_for=[f]); c.submit(f)", "b", id="futures"),
        pytest.param("f = b.submit(p)\nc.submit(q, wait_for=[f])", "b", id="wait_for is no argument"),
        pytest.param("a.map([p, 1])\nb.map([q])", "a", id="mapped"),
        pytest.param("if p:\n    a(1)\nb(q)", "a", id="in a branch"),
        pytest.param("for i in range(p):\n    a(1)\nb(q)", "a", id="in a loop"),
        pytest.param(
            "for i in q:\n    a(i)\n    if p == i:\n        continue\n    b(i)", "a b", id="left early"
        ),
        pytest.param("[a(i) for i in p]\n[b(j) for j in q]", "a", id="in a comprehension"),
        pytest.param("xs = []\nxs.append(p)\na(xs); b(q)", "a", id="through a method"),
        pytest.param("d = {}\nd['k'] = p\na(d); b(q)", "a", id="through an item"),
        pytest.param("print(p)\nn = len(q)\na(n); print(b(q))", "", id="builtins give nothing on"),
        pytest.param("helper(p)\na(q)", "b", id="through a function"),
        pytest.param("named(p)\na(q)", "c", id="by another name"),
        pytest.param("run = a if q else b\nrun(p)\nc(q)", "a b", id="by a local name"),
        pytest.param("list(map(a, [p]))\nb(q)", "a", id="handed over"),
        pytest.param("b(a(q), p)", "b", id="beside another call"),
        pytest.param("with open(p) as f:\n    a(f)\nb(q)", "a", id="with"),
        pytest.param("def inner(x):\n    return a(p)\ninner(q)\nb(q)", "a", id="a function inside"),
        pytest.param("(y := p)\na(y); b(q)", "a", id="walrus"),
        pytest.param("a(constant(q))", "", id="untouched"),
        pytest.param("other = a.with_options(retries=2)\nother(p); b(q)", "a", id="with other options"),
        pytest.param("while p:\n    helper(1)\na(q)", "b", id="a function in a loop"),
        pytest.param("match p:\n    case 1:\n        a(1)\nb(q)", "a", id="match"),
    ],
)
def test_names_are_followed_from_a_parameter(body: str, expected: str) -> None:
    assert found(body) == set(expected.split())


def test_what_runs_again_may_give_another_value() -> None:
    assert found("b(a(q)); c(q)", parameters="", again="a") == {"b"}
    assert found("x = a(q)\ny = helper(x)\nc(q)", parameters="", again="a") == {"b"}


def test_where_the_text_hides_what_is_meant_nothing_is_told() -> None:
    assert found("globals()['a'](q)") is None
    assert reached("def other(): ...", "main", ["p"], []) is None
    assert reached("def broken(:", "main", ["p"], []) is None
