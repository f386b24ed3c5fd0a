"""`tui-flow search`, against a real engine."""

import json

from tests.project import Project


def test_what_runs_said_is_found_newest_first_with_the_words_of_the_console(project: Project) -> None:
    for text in ("first needle", "second Needle", "nothing"):
        project.tui_flow("run", "tiny", "-p", f"text={text}", "--no-log")
    done = project.tui_flow("search", "needle|nowhere", "flow:tiny")
    assert done.returncode == 0, done
    second, first = done.stdout.splitlines()
    assert "second Needle" in second and "first needle" in first
    assert " INFO     tiny: working on" in second
    objects = [
        json.loads(line)
        for line in project.tui_flow("search", "working", "second", "--json").stdout.splitlines()
    ]
    assert [(found["flow"], found["level"], found["text"]) for found in objects] == [
        ("tiny", "INFO", "working on second Needle")
    ]
    assert f"{objects[0]['run_id']}:{objects[0]['line']}" in second
    vain = project.tui_flow("search", "needle", "level>=ERROR")
    assert (vain.returncode, vain.stdout, vain.stderr) == (0, "", "no line says this (3 files read)\n")
    vain = project.tui_flow("search", "WORKING")
    assert "a capital letter makes the case count: small letters find any case\n" in vain.stderr
    vain = project.tui_flow("search", "needle", "flow:tin")
    assert vain.stderr == "No flow is called tin: flow: takes the whole name, or flow:tin* (0 files read)\n"
    some = project.tui_flow("search", "working", "--limit", "1")
    assert some.stdout.count("\n") == 1
    assert some.stderr == (
        "only the newest 1 line; there are more, and 1 older file not read: --limit shows them\n"
    )


def test_what_cannot_be_searched_for_is_refused_with_what_there_is(project: Project) -> None:
    done = project.tui_flow("search", "/(/")
    assert done.returncode == 2
    assert "is not a regular expression" in done.stderr
    assert project.tui_flow("search").returncode == 2
    assert project.tui_flow("search", "state:bogus").returncode == 2
