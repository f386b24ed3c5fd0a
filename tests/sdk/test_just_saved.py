"""A module counts as it was saved, in a process that may keep byte code."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import importlib, os, sys, time
from pathlib import Path
from tui_flow.sdk.just_saved import import_as_saved
project, saved_at = Path(sys.argv[1]), time.time() - float(sys.argv[2])
sys.path.insert(0, str(project))
importlib.import_module("json")  # so that the project's folder is known already, with nothing in it
import_as_saved(project)
for text in ("one", "two"):
    (project / "mine.py").write_text(f"SAID = '{text}'")
    os.utime(project / "mine.py", (saved_at, saved_at))
    importlib.invalidate_caches()
    sys.modules.pop("mine", None)
    print(importlib.import_module("mine").SAID)
"""


def _imported(project: Path, age: float) -> list[str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = [sys.executable, "-c", PROGRAM, str(project), str(age)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
    return done.stdout.split()


def test_a_module_that_is_saved_twice_within_a_second_counts_as_it_was_saved_last(tmp_path: Path) -> None:
    assert _imported(tmp_path, 0.0) == ["one", "two"]
    assert not list(tmp_path.rglob("*.pyc"))


def test_byte_code_of_what_was_saved_a_while_ago_is_kept_and_used(tmp_path: Path) -> None:
    assert _imported(tmp_path, 3600.0) == ["one", "one"], "as Python has it, for a file that is as old"
    assert list(tmp_path.rglob("*.pyc"))
