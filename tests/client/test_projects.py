"""The projects that a user has opened."""

import os
import stat
from pathlib import Path

import pytest

from tui_flow.client import projects
from tui_flow.contract.rundir import ENGINE_LOCK, open_state_dir


def test_the_project_that_was_opened_last_comes_first_and_once(tmp_path: Path) -> None:
    file = tmp_path / "state" / "tui-flow" / projects.FILE
    for name in ("one", "two", "one"):
        projects.note_opened(file, tmp_path / name)
    assert [one.name for one in projects.list_opened(file)] == ["one", "two"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert os.listdir(file.parent) == [projects.FILE]


def test_only_so_many_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / projects.FILE
    for number in range(projects.MOST + 3):
        projects.note_opened(file, tmp_path / str(number))
    found = projects.list_opened(file)
    assert len(found) == projects.MOST and found[0].name == str(projects.MOST + 2)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"/a": "soon"}', '{"/a": null}'], ids=range(5))
def test_a_file_that_nobody_can_read_hinders_nobody(tmp_path: Path, text: str) -> None:
    file = tmp_path / projects.FILE
    file.write_text(text)
    assert projects.list_opened(file) == []
    projects.note_opened(file, tmp_path)
    assert [one.project for one in projects.list_opened(file)] == [tmp_path]


def test_a_place_that_cannot_be_written_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("somebody's")
    place = tmp_path / "file" / projects.FILE
    projects.note_opened(place, Path("/x"))
    assert projects.list_opened(place) == []
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("file", "somebody's")]


def test_an_engines_state_is_told_without_starting_one(tmp_path: Path) -> None:
    project = tmp_path / "demo"
    assert projects.engine_of(project) == ("the folder is gone", None)
    (project / "flows").mkdir(parents=True)
    assert projects.engine_of(project) == ("stopped", None)
    state_dir = open_state_dir(project)
    (state_dir / ENGINE_LOCK).touch()
    assert projects.engine_of(project) == ("stopped", None)
    (project / "tui_flow.toml").write_text("grace_seconds = 'long'")
    assert projects.engine_of(project) == ("stopped", None), "a mistake in its settings hides nothing"
