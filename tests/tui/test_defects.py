"""What a person is told where the console ends by itself."""

import time
from pathlib import Path

import pytest
from textual.worker import WorkerFailed

from tui_flow.tui import defects


def test_a_console_whose_program_was_replaced_says_so_and_has_no_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "form.py").write_text("")
    monkeypatch.setattr(defects, "_PACKAGE", package)
    gone, before, after = ImportError("cannot import name 'form'"), time.time() - 3600, time.time() + 3600
    for error in (gone, WorkerFailed(gone), AttributeError("no such"), TypeError("1 argument")):
        told = defects.keep_defect(tmp_path, error, before)
        assert "was updated while this console was open: open it again" in told
        assert max(map(len, told.splitlines())) < 80
        assert "a defect of its own" in defects.keep_defect(tmp_path, error, after), "nothing was replaced"
    assert "a defect of its own" in defects.keep_defect(tmp_path, ZeroDivisionError(), before)
    (package / "form.py").unlink()
    assert "was updated" in defects.keep_defect(tmp_path, gone, after), "it is being replaced right now"
