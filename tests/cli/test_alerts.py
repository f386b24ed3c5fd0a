"""Alerts by command, and by a hook that goes out with nobody attached."""

import json
import os
import pwd
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.project import Project, temporary_project
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a flow that fails as its parameter says, and a hook."""
    with temporary_project(tmp_path_factory.mktemp("alerts") / "shop") as project:
        hook = project.root / "notify.sh"
        hook.write_text("#!/bin/sh\ncat >> sent.jsonl; echo >> sent.jsonl\n")
        hook.chmod(0o755)
        (project.root / "tui_flow.toml").write_text('alert_command = ["./notify.sh"]\n')
        project.write(
            "etl.py",
            """
            from tui_flow import flow, task

            @task
            def load(why: str):
                if why:
                    raise OSError(why)

            @flow
            def etl(why: str = ""):
                load(why)
            """,
        )
        yield project


def sent(project: Project) -> list[dict[str, object]]:
    path: Path = project.root / "sent.jsonl"
    return [json.loads(line) for line in path.read_text().split("\n") if line] if path.exists() else []


def test_a_failure_is_an_alert_a_message_and_history(shop: Project) -> None:
    assert "nothing is wrong" in shop.tui_flow("alerts", "list").stderr
    for second in ("31", "7"):
        shop.tui_flow(
            "run",
            "etl",
            "-p",
            f"why=timeout after {second}s to db://me:hunter2@host \x1b]52;c;x\x07",
            "--no-log",
        )
    (alert,) = shop.ask("alerts", "list")["alerts"]
    assert (alert["kind"], alert["flow"], alert["place"], alert["times"]) == ("failure", "etl", "load", 2)
    wait_until(lambda: sent(shop), timeout=20)
    (message,) = sent(shop)
    assert datetime.fromisoformat(message["at"]).tzinfo is not None, "as everywhere in JSON"  # type: ignore[arg-type]
    assert message["title"] == "etl failed (shop)" and "hunter2" not in json.dumps(message)
    assert "␛]52" in message["text"]  # type: ignore[operator]
    number = str(alert["id"])
    wait_until(lambda: shop.ask("alerts", "show", number)["messages"])
    shown = shop.tui_flow("alerts", "show", number).stdout
    assert "notify.sh: exit 0" in shown and "runs      2 1" in shown and "\x1b]52" not in shown
    assert shop.tui_flow("alerts", "ack", number).stdout == "1 alert acknowledged for 24h\n"
    assert f"acknowledged by {pwd.getpwuid(os.getuid()).pw_name}" in shop.tui_flow("alerts", "list").stdout
    assert shop.tui_flow("alerts", "ack", number, "--undo").stdout == "1 alert new again\n"
    assert shop.tui_flow("alerts", "note", number, "restarts on Tuesdays").returncode == 0
    assert shop.ask("alerts", "show", number)["notes"][0]["text"] == "restarts on Tuesdays"
    assert shop.tui_flow("alerts", "note", number, "restarts on Tuesdays", "--undo").returncode == 0
    assert shop.ask("alerts", "show", number)["notes"] == []
    shop.tui_flow("run", "etl", "--no-log")
    assert shop.ask("alerts", "list") == {"alerts": []}
    assert shop.ask("alerts", "list", "--all")["alerts"][0]["state"] == "recovered"


def test_a_flow_is_muted_and_heard_again(shop: Project) -> None:
    assert shop.tui_flow("alerts", "mute", "etl", "--for", "8h").stdout == "etl is muted for 8h\n"
    assert shop.tui_flow("alerts", "unmute", "etl").stdout == "etl is no longer muted\n"
    assert shop.tui_flow("alerts", "unmute", "etl").stdout == "etl was not muted\n"
    assert shop.tui_flow("alerts", "mute", "etl").stdout == "etl is muted until a run of it completes\n"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("ack", "99"), "there is no alert 99"),
        (("show", "99"), "there is no alert 99"),
        (("mute", "nobody"), "there is no flow 'nobody'"),
        (("mute", "etl", "--for", "soon"), "'soon' is not a time"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused(shop: Project, arguments: tuple[str, ...], what: str) -> None:
    done = shop.tui_flow("alerts", *arguments)
    assert done.returncode == 2 and what in done.stderr


def test_the_channels_can_be_tried_out(shop: Project) -> None:
    (told,) = shop.ask("alerts", "test")["channels"]
    assert (told["channel"], told["is_sent"]) == ("notify.sh", True)
    assert "a test of alerts" in str(sent(shop)[-1]["title"])
