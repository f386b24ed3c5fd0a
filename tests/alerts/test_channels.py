"""Messages go out through real commands and real sockets, and whatever goes wrong there is told."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import wait_until
from tui_flow.alerts import channels
from tui_flow.alerts.channels import ChannelFailed
from tui_flow.alerts.channels import command as command_channel
from tui_flow.alerts.channels.command import Command
from tui_flow.alerts.channels.notification_service import NotificationService
from tui_flow.alerts.channels.webhook import Webhook
from tui_flow.alerts.notifier import Notifier, channels_of
from tui_flow.settings import Settings

MESSAGE = {"title": "etl failed", "text": "etl load: timeout", "alerts": []}


def script(folder: Path, text: str) -> str:
    path = folder / "notify.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_command_gets_the_message_on_its_stdin(tmp_path: Path) -> None:
    found = Command([script(tmp_path, 'cat > got.json; echo "$TUI_FLOW_ALERT $1" > title')], tmp_path)
    assert found.send(MESSAGE).startswith("exit 0, ")
    assert json.loads((tmp_path / "got.json").read_text()) == MESSAGE
    assert (tmp_path / "title").read_text().strip() == "etl failed"
    assert found.name == "notify.sh"


def test_no_shell_reads_a_command(tmp_path: Path) -> None:
    Command([script(tmp_path, 'echo "$1" > got'), "$(touch hacked); `x`"], tmp_path).send(MESSAGE)
    assert (tmp_path / "got").read_text().strip() == "$(touch hacked); `x`"
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo no way >&2; exit 3", "exit 3: no way"),
        ("exec sleep 60", "took longer than 0.2s"),
        ("exit 1", "exit 1"),
    ],
    ids=["fails", "hangs", "says nothing"],
)
def test_what_goes_wrong_in_a_command_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    if "sleep" in text:
        monkeypatch.setattr(command_channel, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(ChannelFailed, match=why):
        Command([script(tmp_path, text)], tmp_path).send(MESSAGE)
    with pytest.raises(ChannelFailed, match="cannot be started"):
        Command([str(tmp_path / "nowhere")], tmp_path).send(MESSAGE)


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what it gets, and answers as its path says."""

    got: list[Any]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
        status = int(self.path.rpartition("/")[2])
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere/200")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Any]]]:
    got: list[Any] = []
    handler = type("R", (Receiver,), {"got": got})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()


def test_a_webhook_gets_the_message_as_json(receiver: tuple[str, list[Any]]) -> None:
    url, got = receiver
    assert Webhook(f"{url}/200").send(MESSAGE) == "HTTP 200"
    assert got == [("/200", "application/json", MESSAGE)]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_or_points_elsewhere_gets_nothing_more(
    receiver: tuple[str, list[Any]], status: int
) -> None:
    url, got = receiver
    with pytest.raises(ChannelFailed, match=f"HTTP {status}"):
        Webhook(f"{url}/{status}").send(MESSAGE)
    assert len(got) == 1


def test_a_webhook_that_is_not_there_says_so() -> None:
    with pytest.raises(ChannelFailed, match="refused"):
        Webhook("http://127.0.0.1:1/x").send(MESSAGE)
    with pytest.raises(ChannelFailed):
        Webhook("http://").send(MESSAGE)


def test_without_apprise_its_addresses_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ChannelFailed, match=r"pip install 'tui-flow\[alerts\]'"):
        NotificationService("ntfy://topic").send(MESSAGE)


def test_the_settings_name_the_channels(tmp_path: Path) -> None:
    found = channels_of(
        Settings(
            tmp_path, alert_command=["./notify.sh"], alert_urls=["https://x.example/key", "ntfy://topic"]
        )
    )
    assert [one.name for one in found] == ["notify.sh", "https://x.example", "ntfy"]
    assert channels_of(Settings(tmp_path)) == []


def test_one_channel_that_breaks_does_not_keep_the_others() -> None:
    class Broken:
        name = "broken"

        def send(self, message: dict[str, Any]) -> str:
            raise RuntimeError("a defect")

    class Fine(Broken):
        name = "fine"

        def send(self, message: dict[str, Any]) -> str:
            return "sent"

    ones: list[channels.Channel] = [Broken(), Fine()]
    notifier = Notifier(ones)
    notifier.begin(MESSAGE, (1, 2))
    found: list[Any] = []
    wait_until(lambda: found.extend(notifier.results()) or not notifier.is_busy)
    assert sorted((one.channel, one.is_sent, one.said) for one in found) == [
        ("broken", False, "RuntimeError: a defect"),
        ("fine", True, "sent"),
    ]
