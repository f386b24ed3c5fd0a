"""Nothing that a flow says or is called reaches the terminal of a command as it is."""

import io
from pathlib import Path

import pytest

from tests.project import Project, temporary_project
from tui_flow.cli import asking
from tui_flow.contract.parameter_fit import LABELS
from tui_flow.safe import safe

NASTY = "\x1b]52;c;Z290Y2hh\x07\x1b[2J\x9b31m\x90q\u202eevil\u2066\x00\r[red]"
HOSTILE = f"""
from tui_flow import flow, get_run_logger, task

NASTY = {NASTY!r}


@task(name="work " + NASTY, task_run_name=NASTY + " {{number}}", tags=[NASTY])
def work(number):
    raise ValueError(NASTY)


@flow(name="hostile", description=NASTY, flow_run_name=NASTY)
def hostile(what: str = NASTY):
    get_run_logger().error(NASTY)
    print(NASTY, flush=True)
    work(1)


@flow(name="name " + NASTY)
def unspeakable():
    pass
"""
WHOLE = {*"\n\t", *map(chr, range(0x20, 0x7F))}


def assert_harmless(output: str) -> None:
    """Only what `safe` lets through, and newlines."""
    bad = {char for char in output if char not in WHOLE and safe(char) != char}
    assert bad == set(), output


def test_no_command_prints_what_a_flow_wants_the_terminal_to_do(tmp_path: Path) -> None:
    with temporary_project(tmp_path / "project") as project:
        project.write("hostile.py", HOSTILE)
        project.write("broken.py", f"raise RuntimeError({NASTY!r})")
        told = [_all_output(project, *command.split()) for command in (
            "run hostile", "run hostile --json", "flows", "flows --json", "runs", "runs --json", "show latest",
            "show latest --json", "logs latest", "logs latest --json", "search e", "search e --json", "run broken", "run hostile -p x=1",
        )]  # fmt: skip
        told.append(_all_output(project, "run", f"name {NASTY}".replace("\x00", "")))
        told.append(_all_output(project, "logs", "latest", "--task", NASTY.replace("\x00", "")))
    for output in told:
        assert_harmless(output)
    assert "␛]52;c;Z290Y2hh␇" in told[0]
    assert "\\u001b]52" in told[1]


def _all_output(project: Project, *arguments: str) -> str:
    done = project.tui_flow(*arguments)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_the_measure_of_harmless_text_would_notice() -> None:
    with pytest.raises(AssertionError):
        assert_harmless("\x1b[31m")
    assert_harmless("plain, ␛ and ✓\n")


def test_a_default_that_an_answer_is_asked_for_with_is_safe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asking, "can_ask", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    schema = {"properties": {"level": {"enum": [1], LABELS: [NASTY], "default": 1}}}
    assert asking.ask_fields(schema, ["level"]) == {"level": 1}
    told = capsys.readouterr()
    assert f"[{safe(NASTY)}]" in told.err and NASTY not in told.out + told.err
