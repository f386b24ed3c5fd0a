"""`tui-flow open`: addresses of the console, and what is none."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.project import Project
from tui_flow.cli.commands.open import address_of
from tui_flow.cli.main import cli
from tui_flow.contract.errors import BadParameters, UnknownAlert, UnknownRun
from tui_flow.settings import load
from tui_flow.tui.presentation.address import Address, Spot


@pytest.fixture
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    found, _ = load(project.root)
    monkeypatch.setattr("tui_flow.cli.commands.open.settings", lambda: found)
    if not project.ask("runs")["runs"]:
        project.tui_flow("run", "tiny")
    return project


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ("flows", Address("flows")),
        ("runs/state:failed since:24h", Address("runs", "state:failed since:24h")),
        ("logs/a/b", Address("logs", "a/b")),
        ("/schedule/etl/", Address("schedule", "etl")),
    ],
)
def test_a_view_takes_what_is_behind_its_slash(place: str, address: Address) -> None:
    assert address_of(place) == address


def test_a_run_is_named_as_everywhere_and_a_task_by_any_of_its_names(here: Project) -> None:
    newest = here.ask("runs")["runs"][0]["run_id"]
    assert address_of("run/latest") == Address("runs", run_id=newest)
    for name in ("double", "double-0", "1"):
        found = address_of(f"run/{newest}/{name}:77")
        assert (found.run_id, found.at.line) == (newest, 76) and found.at.task.startswith("double-")


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("run/9999", UnknownRun),
        ("alert/9999", UnknownAlert),
        ("run/latest/nope", BadParameters),
        ("nowhere/1", BadParameters),
        ("run", BadParameters),
    ],
)
def test_what_leads_nowhere_is_said(here: Project, place: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        address_of(place)


def test_a_line_is_found_though_its_task_is_none_of_the_last_attempt(here: Project) -> None:
    newest = here.ask("runs")["runs"][0]["run_id"]
    found = address_of(f"run/{newest}/gone-3:12")
    assert found.at == Spot(11, "gone-3")


def test_without_a_terminal_it_says_so_as_the_console_does(here: Project) -> None:
    done = here.tui_flow("open", "run/latest")
    assert done.returncode == 2 and "needs a terminal" in done.stderr


def test_the_options_of_the_console_count_before_and_after_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr("tui_flow.tui.launch.run", lambda _, **how: asked.append(how) or 0)
    monkeypatch.setattr("tui_flow.client.projects.note_opened", lambda *_: None)
    (tmp_path / "flows").mkdir()
    here, looks = ["--project", str(tmp_path)], ["--ascii", "--no-mouse", "--theme", "light"]
    for words in (
        ["open", "runs", *here, *looks, "--read-only"],
        [*looks, "open", "runs", *here, "--read-only"],
    ):
        assert CliRunner().invoke(cli, words).exit_code == 0
    for how in asked:
        assert (how["ascii"], how["mouse"], how["theme"]) == (True, False, "light")
        assert how["read_only"] is not None and how["begin"] == Address("runs")
    assert len(asked) == 2
