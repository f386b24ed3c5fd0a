"""`tui-flow variable`, and that flows see what it sets."""

from collections.abc import Iterator

import pytest

from tests.project import Project, temporary_project


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with temporary_project(tmp_path_factory.mktemp("variables")) as found:
        yield found


def test_what_a_command_sets_a_flow_reads_and_the_other_way_round(project: Project) -> None:
    project.write(
        "regions.py",
        """
        from prefect import flow
        from prefect.variables import Variable

        NAMED_AT_THE_TOP = Variable.get("region")

        @flow
        def regions():
            Variable.set("seen", [Variable.get("region"), NAMED_AT_THE_TOP])
        """,
    )
    assert project.tui_flow("variable", "set", "region", "eu").returncode == 0
    assert project.tui_flow("run", "regions").returncode == 0
    assert project.tui_flow("variable", "get", "seen").stdout == '["eu", "eu"]\n'
    assert [one["name"] for one in project.ask("variable", "list")["variables"]] == ["region", "seen"]
    assert "region" in project.tui_flow("variable", "list").stdout
    assert project.tui_flow("variable", "unset", "seen").returncode == 0
    assert project.tui_flow("variable", "get", "seen").returncode == 2


def test_values_are_json_or_text_and_cannot_reach_the_terminal(project: Project) -> None:
    project.tui_flow("variable", "set", "odd", "\x1b]0;owned\x07")
    for command in (["list"], ["get", "odd"]):
        assert "\x1b" not in project.tui_flow("variable", *command).stdout
    project.tui_flow("variable", "set", "limits", '{"rows": 3}', "--tag", "etl")
    assert project.ask("variable", "get", "limits")["value"] == {"rows": 3}
    assert project.ask("variable", "set", "limits", "5") == project.ask("variable", "get", "limits")
    assert project.ask("variable", "unset", "limits") == {"name": "limits", "state": "gone"}


@pytest.mark.parametrize(
    "command", [["set", "Bad Name", "1"], ["get", "../x"], ["unset", "none"], ["set", "a", "x" * 6000]]
)
def test_what_cannot_be_is_said(project: Project, command: list[str]) -> None:
    done = project.tui_flow("variable", *command)
    assert done.returncode == 2 and done.stderr.startswith("error:")
