"""Which files a pattern means, and what keeps the search for them within bounds."""

import os
import threading
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tui_flow.engine.file_search import Threads, Walk

FILES = ("in/a.csv", "in/b.csv", "in/.hidden.csv", "in/c.txt", "in/deep/d.csv", "in/deep/er/e.csv", "in/.git/f.csv", "top.csv")  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    os.mkfifo(root / "in" / "pipe.csv")
    (root / "in" / "loop").symlink_to(root / "in")
    (root / "in" / "link.csv").symlink_to(root / "top.csv")
    (root / "in" / "nowhere.csv").symlink_to("gone")
    (root / "in" / "folder.csv").mkdir()
    return root


def found(project: Path, pattern: str) -> list[str]:
    walk = Walk(project)
    walk.search(pattern)
    assert (walk.trouble, walk.is_cut) == ("", False)
    return sorted(walk.files)


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("in/*.csv", ["in/a.csv", "in/b.csv", "in/link.csv"]),
        ("./in//a.csv", ["in/a.csv"]),
        ("in/[ab].csv", ["in/a.csv", "in/b.csv"]),
        ("in/?.txt", ["in/c.txt"]),
        ("in/.*.csv", ["in/.hidden.csv"]),
        ("**/*.csv", ["in/a.csv", "in/b.csv", "in/deep/d.csv", "in/deep/er/e.csv", "in/link.csv", "top.csv"]),
        ("in/**/**/e.csv", ["in/deep/er/e.csv"]),
        ("in/deep/**", ["in/deep/d.csv", "in/deep/er/e.csv"]),
        ("*/deep/*.csv", ["in/deep/d.csv"]),
        ("IN/*.CSV", []),
        ("nothing/here/*.csv", []),
        ("top.csv/*", []),
        ("", []),
    ],
)  # fmt: skip
def test_a_pattern_means_plain_files_below_the_project(
    project: Path, pattern: str, wanted: list[str]
) -> None:
    assert found(project, pattern) == wanted


def test_a_pattern_may_lead_elsewhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(project / "in", f"{project}/*.csv") == [f"{project}/top.csv"]
    assert found(project / "in", "../*.csv") == ["../top.csv"]
    monkeypatch.setenv("HOME", str(project))
    assert found(project / "in", "~/*.csv") == [f"{project}/top.csv"]


def test_a_stamp_is_time_and_size(project: Path) -> None:
    os.utime(project / "top.csv", ns=(5, 7_000_000_001))
    walk = Walk(project)
    walk.search("top.csv")
    assert walk.files == {"top.csv": "7000000001 7"}


def test_too_much_is_told_and_not_gone_through(project: Path) -> None:
    few = Walk(project, max_files=3)
    few.search("**/*.csv")
    assert few.is_cut and "more than 3 files match" in few.trouble
    short = Walk(project, max_entries=4)
    short.search("**/*.csv")
    assert short.is_cut and "more than 4 names" in short.trouble


def test_what_cannot_be_looked_at_is_told_and_the_rest_is_found(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.scandir

    def scandir(path: Path) -> "os.ScandirIterator[str]":
        if path.name == "deep":
            raise PermissionError(13, "Permission denied")
        return plain(path)  # type: ignore[return-value]

    monkeypatch.setattr(os, "scandir", scandir)
    os.close(os.open(bytes(project / "in") + b"/\xff.csv", os.O_CREAT))
    walk = Walk(project)
    walk.search("**/*.csv")
    assert walk.trouble == "cannot look into in/deep: Permission denied" and not walk.is_cut
    assert "in/a.csv" in walk.files and all(path.isascii() for path in walk.files)


def test_a_pattern_that_no_path_can_have_is_told(project: Path) -> None:
    walk = Walk(project)
    walk.search("a\0b/*.csv")
    assert walk.is_cut and "null" in walk.trouble


def test_a_few_threads_look_at_once_and_one_that_hangs_holds_no_other_up() -> None:
    threads, hangs = Threads(most=3), threading.Event()
    done: list[str] = []
    threads(hangs.wait)  # type: ignore[arg-type]
    for _ in range(50):
        threads(lambda: done.append(threading.current_thread().name))
    wait_until(lambda: len(done) == 50)
    assert sum(thread.name == "file search" for thread in threading.enumerate()) <= 3
    hangs.set()
