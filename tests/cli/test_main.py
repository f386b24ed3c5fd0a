"""What holds for every command, tried without an engine."""

import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from tests.project import TUI_FLOW
from tui_flow import __version__
from tui_flow.cli.main import COMMANDS, cli
from tui_flow.contract import errors


def invoke(*args: str, **environment: str) -> Result:
    return CliRunner().invoke(cli, list(args), prog_name="tui-flow", env=environment)


def test_the_version_is_told_in_one_line() -> None:
    assert invoke("--version").output == f"tui-flow {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str) -> None:
    long, short = invoke(name, "--help"), invoke(name, "-h")
    assert long.exit_code == 0
    assert short.output == long.output
    if name != "engine":
        assert "Examples:" in long.output


def test_the_help_of_the_group_names_every_command_and_exit_code() -> None:
    output = invoke("-h").output
    assert all(f"\n  {name} " in output for name in COMMANDS)
    for code in (
        errors.EXIT_OK,
        errors.EXIT_RUN_NOT_COMPLETED,
        errors.EXIT_USAGE,
        errors.EXIT_ENGINE,
        errors.EXIT_STATE,
        errors.EXIT_INTERRUPTED,
    ):
        assert f"\n    {code} " in output


def test_every_command_that_a_sentence_names_is_there() -> None:
    commands = {name: import_module(f"tui_flow.cli.commands.{name}").command for name in COMMANDS}
    groups = {name: one.commands for name, one in commands.items() if isinstance(one, click.Group)}
    root = Path(__file__).parents[2]
    wrong = [
        (path.name, found[0])
        for path in [root / "README.md", *(root / "tui_flow").rglob("*.py")]
        for found in re.finditer(r"tui-flow ([a-z]+)(?![`a-z])(?: ([a-z-]+))?", path.read_text())
        if found[1] in groups and found[2] not in groups[found[1]]
    ]
    assert wrong == []


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    result = invoke("cancle", "1")
    assert result.exit_code == errors.EXIT_USAGE
    assert "Did you mean cancel?" in result.stderr


def test_an_expected_error_says_what_where_and_what_next(tmp_path: Path) -> None:
    result = invoke("--project", str(tmp_path / "nowhere"), "config")
    assert result.exit_code == errors.EXIT_STATE
    assert result.stderr.splitlines() == [
        "error: no such project folder",
        f"  {tmp_path / 'nowhere'}",
        "  check --project or TUI_FLOW_PROJECT",
    ]
    assert result.stdout == ""


def test_with_json_an_error_is_an_object_too(tmp_path: Path) -> None:
    result = invoke("config", "--project", str(tmp_path / "nowhere"), "--json")
    assert json.loads(result.stdout)["error"]["kind"] == "ProjectError"
    assert result.exit_code == errors.EXIT_STATE
    wrong = invoke("config", "--json", "--wrong")
    assert json.loads(wrong.stdout)["error"]["kind"] == "UsageError"
    assert wrong.exit_code == errors.EXIT_USAGE


def test_an_error_cannot_send_escape_sequences(tmp_path: Path) -> None:
    result = invoke("--project", f"{tmp_path}/\x1b]0;gotcha\x07", "config")
    assert "\x1b" not in result.stderr
    assert "␛]0;gotcha␇" in result.stderr


def test_a_folder_without_flows_is_no_project(tmp_path: Path) -> None:
    done = subprocess.run(
        [TUI_FLOW, "flows"], cwd=tmp_path, capture_output=True, text=True, env={"PATH": "/usr/bin"}
    )
    assert done.returncode == errors.EXIT_STATE
    assert "no project here" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_console_without_a_terminal_says_so(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    result = invoke("--project", str(tmp_path))
    assert result.exit_code == errors.EXIT_USAGE
    assert "needs a terminal" in result.stderr


def test_config_tells_where_each_value_came_from(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "tui_flow.toml").write_text("grace_seconds = 3")
    result = invoke("config", "--json", TUI_FLOW_PROJECT=str(tmp_path), TUI_FLOW_MAX_CONCURRENT_RUNS="2")
    found = json.loads(result.stdout)
    assert found["grace_seconds"] == {"value": 3.0, "origin": "tui_flow.toml"}
    assert found["max_concurrent_runs"] == {"value": 2, "origin": "environment"}
    assert found["idle_seconds"]["origin"] == "default"
    assert found["project"]["value"] == str(tmp_path)


def test_a_mistake_in_the_settings_locks_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "tui_flow.toml").write_text('theme = "pink"\nnosuch = 3\n')
    at = {"TUI_FLOW_PROJECT": str(tmp_path)}
    config = invoke("config", "--json", **at)
    assert config.exit_code == errors.EXIT_STATE and json.loads(config.stdout)["theme"]["value"] == "auto"
    assert "tui_flow.toml:1: theme" in config.stderr and "tui_flow.toml:2: there is no" in config.stderr
    checks = json.loads(invoke("doctor", "--json", **at).stdout)["checks"]
    assert [check["found"][:15] for check in checks if check["name"] == "settings"] == [
        "tui_flow.toml:1",
        "tui_flow.toml:2",
    ]
    stopped = invoke("engine", "stop", **at)
    assert stopped.exit_code == errors.EXIT_OK
    assert stopped.stderr.count("warning: tui_flow.toml:1: theme = 'pink'") == 1
    assert "and 1 more mistake" in stopped.stderr


def test_a_closed_pipe_ends_a_command_without_a_word() -> None:
    script = f"{TUI_FLOW} --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_names_the_command(shell: str) -> None:
    if shell == "bash" and sys.platform == "darwin":
        pytest.skip("macOS has a bash that is too old")
    output = invoke("completion", shell).output
    assert "_TUI_FLOW_COMPLETE" in output
    assert f"{shell}_complete" in output


def test_a_disk_without_room_for_the_output_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [TUI_FLOW, "--project", str(tmp_path), "config"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["error: no room for the output", "  write it to another place"]


def test_a_command_without_standard_output_does_its_work(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    script = f"'{TUI_FLOW}' --project '{tmp_path}' doctor >&-"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert "Traceback" not in done.stderr


def test_the_engine_of_an_unsafe_state_directory_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / ".tui_flow").mkdir()
    (tmp_path / ".tui_flow").chmod(0o777)
    for verb in ("status", "stop"):
        result = invoke("engine", verb, TUI_FLOW_PROJECT=str(tmp_path))
        assert result.exit_code == errors.EXIT_STATE
        assert "others may write to the state directory" in result.output
