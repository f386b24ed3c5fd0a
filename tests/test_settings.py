"""Settings that make no sense, and a project that is not there: one clear error each."""

import math
import os
from pathlib import Path

import pytest

from tui_flow import settings
from tui_flow.contract.errors import ProjectError


@pytest.mark.parametrize("text", ["[tool]\ntui_flow = 3\n", "tool = 3\n[tui_flow]\n", "\xff", "= ="])
def test_a_file_that_holds_no_table_of_settings_is_refused_or_has_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, "latin-1")
    if text.startswith("tool = 3"):
        assert settings.load(tmp_path)[0].max_concurrent_runs == 8
        return
    with pytest.raises(ProjectError) as caught:
        settings.load(tmp_path)
    assert caught.value.where == str(tmp_path / "pyproject.toml")


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "soon"])
def test_a_time_that_is_no_time_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("TUI_FLOW_GRACE_SECONDS", value)
    with pytest.raises(ProjectError, match="grace_seconds"):
        settings.load(tmp_path)
    monkeypatch.setenv("TUI_FLOW_GRACE_SECONDS", "1e2")
    assert math.isclose(settings.load(tmp_path)[0].grace_seconds, 100)


def test_a_current_folder_that_was_removed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    monkeypatch.delenv("TUI_FLOW_PROJECT", raising=False)
    os.rmdir(tmp_path / "gone")
    with pytest.raises(ProjectError, match="is gone"):
        settings.load()
    monkeypatch.chdir(tmp_path)


def test_limits_of_tags_are_a_table_or_a_list_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tui_flow.toml").write_text("tag_limits = {heavy = 2}\n")
    assert settings.load(tmp_path)[0].tag_limits == {"heavy": 2}
    monkeypatch.setenv("TUI_FLOW_TAG_LIMITS", "heavy=3, net=1")
    assert settings.load(tmp_path)[0].tag_limits == {"heavy": 3, "net": 1}
    for wrong in ("heavy", "heavy=0", "heavy=soon"):
        monkeypatch.setenv("TUI_FLOW_TAG_LIMITS", wrong)
        with pytest.raises(ProjectError, match="tag_limits: heavy"):
            settings.load(tmp_path)


def test_a_theme_is_one_of_four(tmp_path: Path) -> None:
    (tmp_path / "tui_flow.toml").write_text('theme = "pink"\n')
    with pytest.raises(ProjectError, match="'pink' is none of auto, dark, light, ansi"):
        settings.load(tmp_path)
    (tmp_path / "tui_flow.toml").write_text('theme = "light"\n')
    assert settings.load(tmp_path)[0].theme == "light"


def test_lists_of_texts_are_words_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "tui_flow.toml").write_text('alert_urls = ["https://x.example/a", "ntfy://t"]\n')
    monkeypatch.setenv("TUI_FLOW_ALERT_COMMAND", "./notify.sh 'two words'")
    found, _ = settings.load(tmp_path)
    assert found.alert_command == ["./notify.sh", "two words"]
    assert found.alert_urls == ["https://x.example/a", "ntfy://t"]
    for wrong in ('"a b"', "[1]", '[""]'):
        (tmp_path / "tui_flow.toml").write_text(f"alert_urls = {wrong}\n")
        with pytest.raises(ProjectError, match="alert_urls is to be a list of texts"):
            settings.load(tmp_path)


def test_sources_of_secrets_are_read_and_shown_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "tui_flow.toml").write_text('[secrets]\ntoken = { command = "pass show token" }\n')
    found, origins = settings.load(tmp_path)
    assert str(found.secrets) == "{'token': {command = \"pass show token\"}}"
    assert origins["secrets"] == "tui_flow.toml"
