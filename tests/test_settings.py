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
    (mistake,) = settings.load(tmp_path)[0].mistakes
    assert mistake.where.startswith(str(tmp_path / "pyproject.toml"))


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "soon"])
def test_a_time_that_is_no_time_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("TUI_FLOW_GRACE_SECONDS", value)
    (mistake,) = settings.load(tmp_path)[0].mistakes
    assert mistake.what.startswith("grace_seconds") and mistake.where == "TUI_FLOW_GRACE_SECONDS"
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
        assert "tag_limits: heavy" in settings.load(tmp_path)[0].mistakes[0].what


def test_a_theme_is_one_of_four(tmp_path: Path) -> None:
    (tmp_path / "tui_flow.toml").write_text('theme = "pink"\n')
    assert "'pink' is none of auto, dark, light, ansi" in settings.load(tmp_path)[0].mistakes[0].what
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
        assert "alert_urls is to be a list of texts" in settings.load(tmp_path)[0].mistakes[0].what


def test_sources_of_secrets_are_read_and_shown_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "tui_flow.toml").write_text('[secrets]\ntoken = { command = "pass show token" }\n')
    found, origins = settings.load(tmp_path)
    assert str(found.secrets) == "{'token': {command = \"pass show token\"}}"
    assert origins["secrets"] == "tui_flow.toml"


def test_every_mistake_is_told_with_its_line_and_what_is_right_counts(tmp_path: Path) -> None:
    wrong = 'theme = "pink"\nkeep_day = 3\nkeep_runs = 5\nlog_mb = 7\n[secrets]\nx = 1\n'
    (tmp_path / "tui_flow.toml").write_text(wrong)
    found, _ = settings.load(tmp_path)
    assert [mistake.where for mistake in found.mistakes] == [f"tui_flow.toml:{line}" for line in (1, 2, 5)]
    assert "but there is keep_days" in found.mistakes[1].what
    assert (found.theme, found.log_mb, found.keep_runs) == ("auto", 7, 5)
    (tmp_path / "tui_flow.toml").unlink()
    (tmp_path / "pyproject.toml").write_text('[tool.x]\ntheme = 3\n\n[tool.tui_flow]\ntheme = "pink"\n')
    assert settings.load(tmp_path)[0].mistakes[0].where == "pyproject.toml:5"


def test_nothing_is_deleted_by_default_while_the_settings_have_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "tui_flow.toml").write_text("keep_days = 400\nkeep_rnus = 1000000\n")
    found, origins = settings.load(tmp_path)
    assert (found.keep_days, found.keep_runs, found.keep_mb) == (400, 0, 0)
    assert origins["keep_runs"] == "mistake"
