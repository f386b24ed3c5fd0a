"""How stacks are put into lines."""

import os
from pathlib import Path

import pytest

from tests.tui.pages import console
from tests.tui.project import Project
from tui_flow.client import stacks
from tui_flow.client.stacks import ProcessStacks
from tui_flow.contract.stacks import Frame, Standing
from tui_flow.tui.presentation.stacks import StackLine, stack_lines

PROJECT = Path("/p")
LIB = "/usr/lib/python3.11/"


def own(line: int, function: str = "load") -> Frame:
    return Frame("/p/flows/etl.py", line, function)


def library(line: int) -> Frame:
    return Frame(f"{LIB}socket.py", line, f"f{line}")


def lines_of(*standings: Standing, all_frames: bool = False, note: str = "") -> list[StackLine]:
    process = ProcessStacks(7, 6, "python", "asked", list(standings), note)
    return list(stack_lines([process], PROJECT, lambda frame: f"line {frame.line}", all_frames=all_frames))


def test_the_authors_frames_have_their_source_and_the_others_are_folded() -> None:
    frames = [library(1), own(10, "etl"), *map(library, range(2, 5)), own(20), *map(library, range(5, 9))]
    lines = lines_of(Standing("MainThread", frames, is_main=True, task_run=0))
    assert [line[:2] for line in lines] == [
        ("worker, process 7", "process"),
        ("  MainThread: the flow itself", "thread"),
        ("    flows/etl.py:10 in etl", "own"),
        ("      line 10", "source"),
        ("    … 3 library frames", "library"),
        ("    flows/etl.py:20 in load", "own"),
        ("      line 20", "source"),
        ("    socket.py:5 in f5", "library"),
        ("    … 2 more", "library"),
        ("    socket.py:8 in f8", "library"),
    ]
    assert [line.frame for line in lines[2:4]] == [own(10, "etl")] * 2
    shown = lines_of(Standing("MainThread", frames, is_main=True), all_frames=True)
    assert sum(line.role == "library" for line in shown) == 8


def test_threads_that_do_nothing_are_counted() -> None:
    idle, busy = (
        Standing("pool", [library(1)]),
        Standing("pool", [own(1)], task_run=3, run_name="load-2", tries=2),
    )
    assert [line.text for line in lines_of(idle, busy, idle)] == [
        "worker, process 7",
        "  pool: load-2, try 2",
        "    flows/etl.py:1 in load",
        "      line 1",
        "  and 2 idle threads",
    ]
    assert len(lines_of(idle, all_frames=True)) == 3


def test_what_cannot_be_told_is_said_and_processes_that_are_not_ours_have_their_command() -> None:
    told = list(
        stack_lines(
            [
                ProcessStacks(7, 6, "python", "none", [], "it is stopped"),
                ProcessStacks(8, 7, "sleep\x1b[31m 9", "none", []),
            ],
            PROJECT,
            lambda _: "",
        )
    )
    assert [line[:2] for line in told] == [
        ("worker, process 7", "process"),
        ("  it is stopped", "note"),
        ("process 8: sleep␛[31m 9", "process"),
    ]


def test_nothing_of_it_reaches_a_terminal_raw() -> None:
    hostile = "\x1b]52;c;aGk=\x07"
    frame = Frame(f"/p/flows/{hostile}.py", 1, hostile)
    standing = Standing(hostile, [frame], task_run=1, run_name=hostile)
    process = ProcessStacks(7, 6, hostile, "asked", [standing], hostile)
    for line in stack_lines([process, process], PROJECT, lambda _: hostile):
        assert "\x1b" not in line.text and "\x07" not in line.text


async def test_the_run_view_shows_where_a_run_stands(etl: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = Frame(str(etl.settings.project / "flows/ingest_s3.py"), 3, "copy")
    os.utime(frame.path, (0, 0))  # it has not been edited since
    standing = Standing("MainThread", [library(1), frame, library(2)], is_main=True, task_run=0)
    told = [ProcessStacks(4711, 6, "python", "asked", [standing])]
    monkeypatch.setattr(stacks, "ask_for_stacks", lambda *_: told)
    async with console(etl, open_run=501) as page:
        await page.shows("ingest_s3")
        await page.press("W")
        await page.shows(
            "Where run 501 of ingest_s3 stands",
            "MainThread: the flow itself",
            "flows/ingest_s3.py:3 in copy",
            "# ingest_s3",
            "socket.py:2 in f2",
        )
        edited: list[tuple[Path, int]] = []
        monkeypatch.setattr(page.app, "edit", lambda path, line: edited.append((path, line)))
        await page.press("e")
        assert edited == [(Path(frame.path), 3)]


async def test_of_a_run_that_is_over_it_says_so(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("load failed")
        await page.press("W")
        await page.shows("run 812 of etl_daily is over: failed")
