"""`tui-flow secret`, and that no command and no file shows one."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import TUI_FLOW, Project, temporary_project
from tui_flow.contract.masking import Masker

USES = """
    import subprocess
    from prefect import flow, task
    from prefect.blocks.system import Secret
    from prefect.task_runners import ProcessPoolTaskRunner

    @task
    def use():
        raise ValueError("refused " + Secret.load("token").get())

    @flow(log_prints=True, task_runner=ProcessPoolTaskRunner(max_workers=1))
    def uses():
        token = Secret.load("from-pass").get()
        print("logged", token)
        subprocess.run(["sh", "-c", "printf %s " + token + "; echo"])
        use.submit().result()
"""
VALUE, OTHER = "s3cr3t-and-kept", "another-from-a-command"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with temporary_project(tmp_path_factory.mktemp("secrets")) as found:
        (found.root / "pass.txt").write_text(OTHER)
        (found.root / "tui_flow.toml").write_text('[secrets]\nfrom-pass = { command = "cat pass.txt" }\n')
        found.write("uses.py", USES)
        yield found


def set_secret(project: Project, name: str, value: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [TUI_FLOW, "secret", "set", name], input=value, capture_output=True, text=True,
        cwd=project.root, env=project.environment, timeout=30,
    )  # fmt: skip


def test_what_runs_and_commands_show_of_secrets_is_stars(project: Project) -> None:
    done = set_secret(project, "token", VALUE + "\n")
    assert done.returncode == 0 and VALUE not in done.stdout + done.stderr
    run = project.tui_flow("run", "uses")
    assert run.returncode == 1 and "********" in run.stdout
    shown = [project.tui_flow(*args) for args in (["logs", "latest"], ["show", "latest"], ["secret", "list"])]
    logs, show, listed = (one.stdout for one in shown)
    assert "logged ********" in logs and logs.count("********") > 3 and "refused ********" in show
    assert "token" in listed and "command: cat pass.txt" in listed
    for text in (run.stdout, run.stderr, logs, show, listed):
        assert VALUE not in text and OTHER not in text
    masker = Masker()
    masker.learn(VALUE)
    masker.learn(OTHER)
    files = [path for path in (project.root / ".tui_flow").rglob("*") if path.is_file()]
    assert [path for path in files if masker.finds_in(path.read_bytes())] == [kept(project, "token")]


def kept(project: Project, name: str) -> Path:
    return project.root / ".tui_flow/blocks/secret" / f"{name}.json"


def test_a_secret_is_forgotten(project: Project) -> None:
    set_secret(project, "gone", VALUE)
    assert kept(project, "gone").stat().st_mode & 0o777 == 0o600
    assert project.tui_flow("secret", "unset", "gone").returncode == 0
    assert not kept(project, "gone").exists()
    done = project.tui_flow("secret", "unset", "gone")
    assert done.returncode == 2 and "no secret 'gone'" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("Bad Name", "x", "lowercase letters"),
        ("empty", "", "cannot be empty"),
        ("short", "pin", "it is short"),
    ],
)
def test_what_is_odd_about_one_is_said(project: Project, name: str, value: str, words: str) -> None:
    done = set_secret(project, name, value)
    assert words in done.stderr and done.returncode == (0 if name == "short" else 2)


TAKES = """
    from pydantic import Secret, SecretStr
    from tui_flow import flow

    @flow(log_prints=True)
    def takes(token: SecretStr, pin: Secret[int], count: int = 1):
        print("logged", token.get_secret_value(), pin.get_secret_value(), token)
        assert count == 1, "of %s" % token.get_secret_value()
"""
GIVEN = ("-p", "token=typed-and-hidden", "-p", "pin=918273645546")


def files_with(project: Project, *values: str) -> list[str]:
    files = [path for path in (project.root / ".tui_flow").rglob("*") if path.is_file()]
    return [path.name for path in files if any(one.encode() in path.read_bytes() for one in values)]


def test_a_parameter_that_is_a_secret_is_on_no_disk_once_the_run_is_over(project: Project) -> None:
    project.write("takes.py", TAKES)
    done = project.tui_flow("run", "takes", *GIVEN, "-p", "count=2")
    assert done.returncode == 1 and "logged ********" in done.stdout and "typed-and" not in done.stdout
    assert files_with(project, "typed-and-hidden", "918273645546") == []

    again = project.tui_flow("rerun", "latest", "-p", "count=1")
    assert again.returncode == 2
    assert "token is a secret and was not kept" in again.stderr and "give -p token=…" in again.stderr
    again = project.tui_flow("run", "takes", "--params-from", "latest", "-p", "pin=918273645546")
    assert again.returncode == 2 and "token is a secret and was not kept" in again.stderr

    again = project.tui_flow("rerun", "latest", *GIVEN, "-p", "count=1")
    assert again.returncode == 0, again.stderr
    assert files_with(project, "typed-and-hidden", "918273645546") == []
