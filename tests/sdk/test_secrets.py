"""Where secrets come from, and that they end in no file, log or message of a run."""

import logging
import os
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from tests.sdk.history import History
from tests.sdk.keeping import Make, reported
from tui_flow import flow, get_run_logger, task
from tui_flow.artifacts import Artifact, create_markdown_artifact
from tui_flow.blocks.system import Secret
from tui_flow.contract import journal, rundir
from tui_flow.contract.masking import Masker
from tui_flow.sdk import masking
from tui_flow.settings import load
from tui_flow.variables import Variable

VALUE = "-".join(["s3cr3t/välue", "8842"])
"""Not as one word: the text of a flow file is kept, this one's too."""


def say(history: History, toml: str) -> None:
    (history.project / "tui_flow.toml").write_text(f"[secrets]\n{toml}\n")


def test_what_was_saved_is_loaded_and_never_shown(history: History) -> None:
    Secret(value=VALUE).save("token")
    loaded = Secret.load("token")
    assert loaded.get() == VALUE
    assert VALUE not in repr(loaded) and VALUE not in str(loaded) and VALUE not in loaded.model_dump_json()
    path = history.project / ".tui_flow/blocks/secret/token.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in path.parents[:2]] == [0o700, 0o700]


def test_the_environment_wins_then_its_own_source_then_what_was_saved(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(history, '"*" = { command = "echo of-all-{name}" }')
    assert Secret.load("db-token").get() == "of-all-db-token"
    Secret(value="from-saved").save("db-token")
    assert Secret.load("db-token").get() == "from-saved"
    say(history, 'db-token = { env = "DB_TOKEN" }')
    monkeypatch.setenv("DB_TOKEN", "from-its-source")
    assert Secret.load("db-token").get() == "from-its-source"
    monkeypatch.setenv("TUI_FLOW_SECRET_DB_TOKEN", '{"user": "ada", "password": "from-environment"}')
    assert Secret.load("db-token").get() == {"user": "ada", "password": "from-environment"}
    assert masking.masker.mask(b"from-environment") == b"********"


def test_a_file_is_read_only_where_nobody_else_can(history: History, tmp_path: Path) -> None:
    path = tmp_path / "token.txt"
    path.write_text(VALUE + "\n")
    say(history, f'token = {{ file = "{path}" }}')
    path.chmod(0o640)
    with pytest.raises(ValueError, match="chmod 600"):
        Secret.load("token")
    path.chmod(0o600)
    assert Secret.load("token").get() == VALUE


def test_a_command_is_asked_once_and_its_failure_is_told(history: History, tmp_path: Path) -> None:
    script = tmp_path / "fetch"
    script.write_text(
        f"#!/bin/sh\necho x >> '{tmp_path}/asked'\n[ $1 = bad ] && {{ echo locked >&2; exit 3; }}\necho \"$1: ok\""
    )
    script.chmod(0o700)
    say(history, f'"*" = {{ command = "{script} {{name}}" }}')
    assert [Secret.load("good").get() for _ in range(3)] == ["good: ok"] * 3
    assert (tmp_path / "asked").read_text() == "x\n"
    with pytest.raises(ValueError, match="ended with 3: locked"):
        Secret.load("bad")


def test_a_keyring_is_asked_for_the_name_in_its_service(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {("my-service", "token"): VALUE}
    keyring = SimpleNamespace(get_password=lambda service, name: kept.get((service, name)))
    monkeypatch.setitem(sys.modules, "keyring", keyring)  # type: ignore[arg-type]
    say(history, '"*" = { keyring = "my-service" }')
    assert Secret.load("token").get() == VALUE
    with pytest.raises(ValueError, match="is not in the keyring's service 'my-service'"):
        Secret.load("other")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('{ env = "NOT_THERE" }', "in the environment, as NOT_THERE"),
        ('{ file = "/nowhere/token" }', "No such file"),
        ('{ command = "/nowhere/fetch" }', "cannot be had from its command"),
        ('{ keyring = "service" }', "keyring"),
    ],
    ids=["env", "file", "command", "keyring"],
)  # fmt: skip
def test_a_source_that_has_it_not_is_named(history: History, source: str, words: str) -> None:
    say(history, f"token = {source}")
    with pytest.raises(ValueError, match=words):
        Secret.load("token")


def test_one_that_nobody_knows_says_what_to_do(history: History) -> None:
    with pytest.raises(ValueError, match="tui-flow secret set nothing"):
        Secret.load("nothing")


@pytest.mark.parametrize("table", [f'token = "{VALUE}"', f'token = {{ value = "{VALUE}" }}', "Token = 1"])
def test_a_table_that_makes_no_sense_is_refused_without_repeating_what_may_be_the_secret(
    history: History, table: str
) -> None:
    say(history, table)
    (mistake,) = load(history.project)[0].mistakes
    assert "tui_flow.toml:" in mistake.where
    assert VALUE not in str(mistake)


def leaks(folder: Path) -> list[str]:
    """The files of a state directory that hold the secret, other than the one that keeps it."""
    masker = Masker()
    masker.learn(VALUE)
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "secret"]
    return [str(path) for path in files if masker.finds_in(path.read_bytes())]


def test_nothing_that_a_run_tells_or_keeps_has_it(history: History) -> None:
    Secret(value=VALUE).save("token")

    @task
    def give(secret: Secret) -> dict[str, str]:
        return {"token": secret.get()}

    @task(task_run_name="use-{token}")
    def use(token: str) -> None:
        logging.getLogger("mine").warning("with %s", token)
        get_run_logger().error({"token": token}, stack_info=True)
        create_markdown_artifact(f"token: {token}", key="shown")
        raise ValueError(f"bad {token}")

    @flow(log_prints=True)
    def etl(note: str) -> None:
        secret = Secret.load("token")
        print("printed", give(secret))
        child = os.fork()
        if child == 0:
            create_markdown_artifact(f"a child's {secret.get()}")
            os._exit(0)
        os.waitpid(child, 0)
        use(secret.get())

    with pytest.raises(ValueError, match=VALUE):
        etl("x")
    assert leaks(history.project / ".tui_flow") == []
    assert "********" in history.last.ended.message
    assert "********" in history.last.one(journal.ArtifactCreated).data
    shown = Artifact.get("shown")
    assert shown is not None and shown.data == "token: ********"


def test_a_key_with_a_secret_in_it_is_no_files_name_and_still_a_key(history: History) -> None:
    Secret(value=VALUE).save("token")
    called = []

    @task(cache_key_fn=lambda _, given: f"for-{given['token']}", persist_result=True)
    def count(token: str) -> int:
        called.append(1)
        return len(token)

    @task(result_storage_key="of-{parameters[token]}", persist_result=True)
    def measure(token: str) -> int:
        return len(token)

    @flow
    def etl() -> None:
        token = Secret.load("token").get()
        assert count(token) == count(token) == measure(token)

    etl()
    assert called == [1]
    results = history.project / ".tui_flow" / "results"
    names = [path.name for path in results.iterdir() if path.is_file()]
    assert len(names) == 2 and all(name.startswith("secret-") for name in names)
    assert leaks(history.project / ".tui_flow") == []


def test_a_variable_that_holds_a_secret_is_warned_of(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    Secret(value=VALUE).save("token")
    Variable.set("plain", "of no account")
    Variable.set("leak", f"token {Secret.load('token').get()}")
    assert capsys.readouterr().err == (
        "Variable 'leak' holds a secret in clear: everybody who may see variables sees it\n"
    )


def test_what_its_processes_print_is_hidden_wherever_chunks_and_lines_are_cut(make: Make) -> None:
    def work(spec, directory, wait) -> int:
        wait()
        os.environ[rundir.ENV_RUN_DIR] = str(directory)
        masking.learn(VALUE)
        raw = VALUE.encode()
        os.write(1, b"short " + raw + b"\n" + raw[:5])
        os.write(1, raw[5:] + b" in two\n")
        for padding in range(65_520, 65_540):
            data = b"x" * padding + raw + b"y" * 70_000 + b"\n"
            while data:
                data = data[os.write(2, data) :]
        return reported(spec, directory, lambda: None)

    kept = make()
    kept.run(work)
    assert kept.lines("stdout") == ["short ********", "******** in two"]
    assert kept.log.count(b"********") == 22 and VALUE.encode() not in kept.log.replace(b"\n", b"")
    assert not (kept.directory / rundir.SECRETS).exists()


def test_a_child_that_finds_a_secret_tells_the_keeper_too(make: Make) -> None:
    def work(spec, directory, wait) -> int:
        wait()
        os.environ[rundir.ENV_RUN_DIR] = str(directory)
        if os.fork() == 0:
            masking.learn("another-secret-of-a-child")
            os.write(1, b"it is another-secret-of-a-child\n")
            os._exit(0)
        os.wait()
        return reported(spec, directory, lambda: None)

    kept = make()
    kept.run(work)
    assert kept.lines("stdout") == ["it is ********"]


def test_the_keepers_fifo_of_an_attempt_that_was_killed_is_no_hindrance(make: Make) -> None:
    kept = make()
    os.mkfifo(kept.directory / rundir.SECRETS)
    assert kept.run(reported).state == "completed"


def test_what_answers_to_any_name_is_not_asked_for_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    class Remote:
        def __getattr__(self, name: str) -> object:
            return object()

    monkeypatch.setattr(masking, "masker", Masker())
    masking.learn_within({"database": Remote(), "token": SecretStr("hidden-in-a-dict")})
    assert "hidden-in-a-dict" not in masking.masker.mask_text("it is hidden-in-a-dict")
