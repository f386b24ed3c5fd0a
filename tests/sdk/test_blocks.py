"""Blocks: what is saved is loaded again, by its class and by its type."""

import asyncio
import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from tests.sdk.history import History
from tui_flow import flow
from tui_flow.blocks.abstract import NotificationError
from tui_flow.blocks.core import Block
from tui_flow.blocks.fields import SecretDict
from tui_flow.blocks.notifications import (
    CustomWebhookNotificationBlock,
    OpsgenieWebhook,
    PagerDutyWebHook,
    SendgridEmail,
    SlackWebhook,
    TwilioSMS,
)
from tui_flow.blocks.system import JSON, DateTime, Secret, String
from tui_flow.filesystems import LocalFileSystem


class Credentials(Block):
    _block_type_name = "Cloud Credentials"

    user: str
    password: SecretStr
    extra: SecretDict | None = None


class Bucket(Block):
    name: str
    credentials: Credentials
    more: tuple[Credentials, ...] = ()

    def block_initialization(self) -> None:
        self._is_ready = True

    @property
    def is_ready(self) -> bool:
        return self._is_ready


def test_fields_come_back_with_their_types_and_secrets(history: History) -> None:
    made = Credentials(user="ada", password="correct horse", extra={"pin": "12345678"})
    id = made.save("mine")
    found = Credentials.load("mine")
    assert found == made and found.password.get_secret_value() == "correct horse"
    assert found.extra is not None and found.extra.get_secret_value() == {"pin": "12345678"}
    assert (found._block_document_name, found._block_document_id) == ("mine", id)
    assert Block.load("cloud-credentials/mine") == made == Credentials.load("cloud-credentials/mine")
    assert "correct horse" not in repr(found) and "12345678" not in repr(found)


def test_a_name_in_use_is_replaced_only_where_that_is_said(history: History) -> None:
    first = String(value="one").save("text")
    with pytest.raises(ValueError, match="overwrite=True"):
        String(value="two").save("text")
    assert String(value="two").save("text", overwrite=True) == first
    found = String.load("text")
    assert found.value == "two"
    found.value = "three"
    found.save(overwrite=True)
    assert String.load("text").value == "three"
    String.delete("text")
    with pytest.raises(ValueError, match="Unable to find block document named text for block type string"):
        String.load("text")
    with pytest.raises(ValueError, match="Unable to find"):
        String.delete("text")


def test_a_block_inside_of_another_is_loaded_as_it_is_by_then(history: History) -> None:
    saved = Credentials(user="before", password="pppppppp")
    saved.save("shared")
    Bucket(name="b", credentials=saved, more=[Credentials(user="own", password="qqqqqqqq")]).save("bucket")
    Credentials(user="after", password="rrrrrrrr").save("shared", overwrite=True)
    found = Bucket.load("bucket")
    assert found.is_ready and found.credentials.user == "after"
    assert found.more[0].user == "own" and found.more[0].password.get_secret_value() == "qqqqqqqq"


def test_what_no_longer_fits_its_class_says_so_and_can_be_had_all_the_same(history: History) -> None:
    class Cube(Block):
        edge: float

    Cube(edge=2).save("c")

    class Cube(Block):  # type: ignore[no-redef]
        edge: float
        colour: str

    with pytest.raises(RuntimeError, match=r"colour: Field required.*validate=False"):
        Cube.load("c")
    found = Cube.load("c", validate=False)
    assert (found.edge, found.colour) == (2.0, None)  # type: ignore[attr-defined]


def test_the_system_blocks_and_a_folder_are_saved_alike(history: History) -> None:
    when = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    JSON(value={"a": [1, None]}).save("j")
    DateTime(value=when).save("d")
    Secret(value={"user": "ada"}).save("s")
    LocalFileSystem(basepath="/data").save("f")
    assert (JSON.load("j").value, DateTime.load("d").value) == ({"a": [1, None]}, when)
    assert Secret.load("s").get() == {"user": "ada"}
    assert LocalFileSystem.load("f") == Block.load("local-file-system/f") == LocalFileSystem(basepath="/data")


def test_in_a_coroutine_they_are_awaited(history: History) -> None:
    @flow
    async def my_flow() -> list[str]:
        await Credentials.register_type_and_schema()
        await String(value="one").save("text")
        await String(value="two").asave("text", overwrite=True)
        return [(await String.load("text")).value, (await String.aload("text")).value]

    assert asyncio.run(my_flow()) == ["two", "two"]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["Upper", "a b", "../x", "a.b"])
def test_a_name_that_could_lead_elsewhere_is_refused(history: History, name: str) -> None:
    for use in (lambda: String(value="x").save(name), lambda: String.load(name)):
        with pytest.raises(ValueError, match=r"lowercase letters|is none of type"):
            use()


def test_a_type_that_was_not_imported_and_one_of_another_kind_are_said(history: History) -> None:
    with pytest.raises(ValueError, match="import its class first"):
        Block.load("no-such-type/x")
    with pytest.raises(ValueError, match="is none of type string"):
        String.load("json/x")
    with pytest.raises(ValueError, match="under a name"):
        String(value="x").save()


def test_a_block_travels_pickled(history: History) -> None:
    made = Credentials(user="ada", password="correct horse")
    assert pickle.loads(pickle.dumps(made)) == made


def test_the_folder_of_results_may_be_a_saved_block(history: History) -> None:
    from tui_flow import task

    folder = history.project / "results"
    LocalFileSystem(basepath=str(folder)).save("results")

    @task(persist_result=True, result_storage="local-file-system/results", result_storage_key="one")
    def one() -> int:
        return 1

    @flow
    def my_flow() -> int:
        return one()

    assert my_flow() == 1
    assert (folder / "one").is_file()


class Heard:
    """A web server that remembers what it was sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes, Any]] = []
        self.status = 200
        heard = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                heard.requests.append((self.command, self.path, body, self.headers))
                self.send_response(heard.status)
                self.end_headers()
                self.wfile.write(b"no_such_channel")

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def heard() -> Iterator[Heard]:
    found = Heard()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def test_a_webhook_is_sent_the_message(history: History, heard: Heard) -> None:
    SlackWebhook(url=f"{heard.url}/hook").save("ops")
    SlackWebhook.load("ops").notify("it failed", subject="etl")
    CustomWebhookNotificationBlock(
        name="mine", url=heard.url + "/{{name}}", json_data={"text": ["{{subject}}: {{body}}"]},
        headers={"X-Token": "{{token}}"}, params={"q": "{{body}}"}, secrets={"token": "tttttttt"},
    ).notify("a b", subject="s")  # fmt: skip
    (_, path, body, _), (_, other_path, other_body, headers) = heard.requests
    assert (path, body) == ("/hook", b'{"text": "etl\\nit failed"}')
    assert (other_path, other_body, headers["X-Token"]) == (
        "/mine?q=a+b",
        b'{"text": ["s: a b"]}',
        "tttttttt",
    )


def test_a_message_that_is_not_taken_raises_and_says_why(history: History, heard: Heard) -> None:
    heard.status = 404
    with pytest.raises(NotificationError, match="404 Not Found: no_such_channel"):
        SlackWebhook(url=heard.url).notify("x")
    with pytest.raises(NotificationError, match="none of http"):
        SlackWebhook(url="file:///etc/passwd").notify("x")


def test_services_get_what_their_interfaces_ask_for(
    history: History, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cls, path in ((PagerDutyWebHook, {"eu": "/pager"}), (OpsgenieWebhook, {"us": "/genie"})):
        monkeypatch.setattr(cls, "_api", {region: heard.url + one for region, one in path.items()})
    monkeypatch.setattr(TwilioSMS, "_api", heard.url + "/{sid}/sms")
    monkeypatch.setattr(SendgridEmail, "_api", heard.url + "/mail")
    sms = TwilioSMS(
        account_sid="a/b", auth_token="tttttttt", from_phone_number="1", to_phone_numbers=["+2", "3"]
    )
    sms.save("phones")
    TwilioSMS.load("phones").notify("it failed", subject="etl")
    PagerDutyWebHook(
        integration_key="iiiiiiii", api_key="aaaaaaaa", notify_type="failure", region_name="eu"
    ).notify("it failed")
    OpsgenieWebhook(apikey="kkkkkkkk", target_team=["ops"], priority=5).notify("it failed", subject="etl")
    SendgridEmail(api_key="kkkkkkkk", sender_email="me@x", to_emails=["you@x"]).notify(
        "it failed", subject="etl"
    )
    first, second, pager, genie, mail = heard.requests
    assert (first[1], first[2], second[2]) == (
        "/a%2Fb/sms", b"From=1&To=%2B2&Body=etl%0Ait+failed", b"From=1&To=3&Body=etl%0Ait+failed",
    )  # fmt: skip
    assert first[3]["Authorization"] == "Basic YS9iOnR0dHR0dHR0"
    event = json.loads(pager[2])
    assert (pager[1], event["routing_key"], event["payload"]["severity"]) == ("/pager", "iiiiiiii", "error")
    assert event["payload"]["summary"] == "it failed" and "group" not in event["payload"]
    alert = json.loads(genie[2])
    assert (genie[3]["Authorization"], alert["message"], alert["priority"]) == (
        "GenieKey kkkkkkkk",
        "etl",
        "P1",
    )
    assert alert["responders"] == [{"type": "team", "name": "ops"}]
    letter = json.loads(mail[2])
    assert (letter["from"], letter["subject"]) == ({"email": "me@x"}, "etl")
    assert letter["personalizations"] == [{"to": [{"email": "you@x"}]}]


def test_what_is_here_for_everybody_is_loaded_by_its_type_without_its_class_imported(
    history: History,
) -> None:
    String(value="kept").save("motto")
    script = "from tui_flow.blocks.core import Block; print(Block.load('string/motto').value)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("kept\n", "")
