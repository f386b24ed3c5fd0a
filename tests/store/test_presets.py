"""Presets: where they stand, who may read them, and what becomes of a file that is none."""

import stat
from pathlib import Path

import pytest

from tui_flow.contract.errors import BadParameters, StateDirError
from tui_flow.store import presets


def test_they_are_kept_by_flow_for_nobody_else_to_read_and_can_be_forgotten(tmp_path: Path) -> None:
    assert presets.load(tmp_path) == {}
    assert presets.save(tmp_path, "etl-daily", "full", {"full": True}) is None
    assert presets.save(tmp_path, "etl_daily", "full", {"full": False}) == {"full": True}
    assert stat.S_IMODE((tmp_path / presets.FILE).stat().st_mode) == 0o600
    assert presets.load(tmp_path) == {"etl-daily": {"full": {"full": False}}}
    assert presets.get(tmp_path, "etl_daily", "full") == {"full": False}
    with pytest.raises(BadParameters, match="has no preset 'fool'") as refused:
        presets.get(tmp_path, "etl_daily", "fool")
    assert refused.value.next == "there are full"
    assert presets.forget(tmp_path, "etl_daily", "full") == {"full": False}
    assert presets.load(tmp_path) == {}


@pytest.mark.parametrize("name", ["", "x" * 61, "a\x1bb"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadParameters, match="1 to 60 characters"):
        presets.save(tmp_path, "etl", name, {})


@pytest.mark.parametrize("text", ["{", "[]", '{"etl": 1}', '{"etl": {"full": 1}}'])
def test_a_broken_file_is_told_and_never_written_over(tmp_path: Path, text: str) -> None:
    (tmp_path / presets.FILE).write_text(text)
    with pytest.raises(StateDirError, match="the presets"):
        presets.save(tmp_path, "etl", "full", {})
    assert (tmp_path / presets.FILE).read_text() == text
