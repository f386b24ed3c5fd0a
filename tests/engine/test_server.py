"""The socket: who may speak, what is an answer to garbage, and that nobody can hold up the others."""

import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow import client
from tui_flow.contract.changes import EngineStopping, FlowFileChanged, RunChanged, Snapshot
from tui_flow.contract.commands import GetStatus, RunFlow, StopEngine, Subscribe, Sync
from tui_flow.contract.endpoint import address
from tui_flow.contract.errors import EngineError, ProtocolError
from tui_flow.contract.wire import MAX_LINE
from tui_flow.settings import Settings

HELLO = """
    from tui_flow import flow

    @flow
    def hello(name: str = "world"):
        print(name)
"""


@pytest.fixture
def connect(engine: Running) -> Iterator[Callable[[], socket.socket]]:
    """Makes connections without a client around them."""
    engine.ask(GetStatus())
    ends: list[socket.socket] = []

    def make() -> socket.socket:
        ends.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        ends[-1].settimeout(10)
        with address(engine.state_dir) as path:
            ends[-1].connect(path)
        return ends[-1]

    yield make
    for end in ends:
        end.close()


def answers(end: socket.socket) -> list[dict]:
    """Everything that comes until the engine hangs up."""
    data = b""
    try:
        while received := end.recv(65_536):
            data += received
    except ConnectionResetError:
        pass
    return [json.loads(line) for line in data.splitlines()]


def test_only_the_owner_can_reach_it(engine: Running) -> None:
    before = os.umask(0)
    try:
        engine.ask(GetStatus())
    finally:
        os.umask(before)
    assert stat.S_IMODE((engine.state_dir / "engine.sock").stat().st_mode) == 0o600
    assert stat.S_IMODE(engine.state_dir.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_is_turned_away_at_both_ends(engine: Running) -> None:
    engine.ask(GetStatus())
    for folder in (engine.state_dir, *engine.state_dir.parents[:5]):
        folder.chmod(0o755)
    (engine.state_dir / "engine.sock").chmod(0o666)
    code = (
        "import os, socket, sys\n"
        "os.setuid(65534)\n"
        "end = socket.socket(socket.AF_UNIX); end.connect(sys.argv[1]); end.settimeout(10)\n"
        "try:\n"
        '    end.sendall(b\'{"v": 1, "id": 1, "command": "GetStatus"}\\n\'); print(end.recv(100))\n'
        "except OSError: print(b'')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(engine.state_dir / "engine.sock")], capture_output=True, text=True
    )
    assert done.stdout.strip() == "b''", done
    assert "turned away a client of uid 65534" in (engine.state_dir / "engine.log").read_text()


GARBAGE = [
    b"hello\n",
    b"\xff\xfe\x00\n",
    b"[]\n",
    b"{}\n",
    b'{"v": 1}\n',
    b'{"v": 1, "id": "x", "command": "GetStatus"}\n',
    b'{"v": 1, "id": 1, "command": "FormatDisk"}\n',
    b'{"v": 1, "id": 1, "command": ["GetStatus"]}\n',
    b'{"v": 1, "id": 1, "command": "CancelRun"}\n',
    b'{"v": 99, "id": 1, "command": "GetStatus"}\n',
    b"GET / HTTP/1.1\r\n\r\n",
    b"[" * 100_000 + b"\n",
    b'{"v": 1, "id": 1, "command": "CancelRun", "run_id": "first"}\n',
    b'{"v": 1, "id": 1, "command": "CancelRun", "run_id": null}\n',
    b'{"v": 1, "id": 1, "command": "RunFlow", "flow": 7}\n',
    b'{"v": 1, "id": 1, "command": "RunFlow", "flow": "hello", "parameters": [1]}\n',
    b'{"v": 1, "id": 1, "command": "RunFlow", "flow": "hello", "tags": 7}\n',
    b'{"v": 1, "id": 1, "command": "RunFlow", "flow": "hello", "tags": [7]}\n',
    b'{"v": 1, "id": 1, "command": "RunFlow", "flow": "hello", "run_name": {"a": 1}}\n',
    b'{"v": 1, "id": 1, "command": "RunFlow", "flow": "hello", "trigger": []}\n',
]


def test_garbage_is_answered_with_what_is_wrong_and_the_connection_is_closed(
    engine: Running, connect: Callable[[], socket.socket]
) -> None:
    engine.write("hello.py", HELLO)
    for garbage in GARBAGE:
        raw = connect()
        raw.sendall(garbage)
        [answer] = answers(raw)
        assert (answer["ok"], answer["error"]["kind"]) == (False, "ProtocolError"), garbage[:80]
    status = engine.ask(GetStatus())
    assert (status["total"], status["pending"], status["running"]) == (0, 0, 0)


def test_a_line_without_end_is_cut_off(engine: Running, connect: Callable[[], socket.socket]) -> None:
    raw = connect()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(MAX_LINE // 65_536 * 4):
            raw.sendall(b"x" * 65_536)
    assert engine.ask(GetStatus())["pid"]


def test_a_version_that_is_not_ours_is_named_to_the_client(
    engine: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.ask(GetStatus())
    monkeypatch.setattr("tui_flow.contract.wire.VERSION", 2)
    with pytest.raises(ProtocolError) as caught:
        client.connect(engine.settings)
    assert "speaks version 1" in caught.value.what
    assert "tui-flow engine stop" in caught.value.next


def test_a_subscriber_hears_everything_that_happens(engine: Running) -> None:
    engine.ask(GetStatus())
    with client.connect(engine.settings) as listener:
        listener.ask(Subscribe())
        heard = listener.changes(timeout=10)
        seq, snapshot = next(heard)
        assert isinstance(snapshot, Snapshot) and snapshot.engine_pid == engine.pid()
        engine.write("hello.py", HELLO)
        run_id = engine.run("hello")
        states = []
        for following, change in heard:
            assert following == seq + 1
            seq = following
            states += [change]
            if isinstance(change, RunChanged) and change.state == "completed":
                break
        assert states[0] == FlowFileChanged("flows/hello.py", "ok")
        assert next(one.state for one in states if isinstance(one, RunChanged)) == "pending"
        assert {one.run_id for one in states if isinstance(one, RunChanged)} == {run_id}
        engine.ask(StopEngine())
        assert isinstance(list(heard)[-1][1], EngineStopping)


def test_answers_and_changes_on_one_connection_are_told_apart(engine: Running) -> None:
    engine.write("hello.py", HELLO)
    engine.ask(Sync(files=True))
    with client.connect(engine.settings) as both:
        both.ask(Subscribe())
        run_id = both.ask(RunFlow("hello"))["run_id"]
        for _ in range(20):
            both.ask(GetStatus())
        for _, change in both.changes(timeout=10):
            if isinstance(change, RunChanged) and change.state == "completed":
                assert change.run_id == run_id
                return
    pytest.fail("the run was not told of")


async def test_the_asyncio_connection_does_the_same(engine: Running) -> None:
    engine.write("hello.py", HELLO)
    connection = await client.connect_async(engine.settings)
    await connection.ask(Subscribe())
    run_id = (await connection.ask(RunFlow("hello")))["run_id"]
    async for _, change in connection.changes():
        if isinstance(change, RunChanged) and change.state == "completed":
            assert change.run_id == run_id
            break
    with pytest.raises(Exception, match="no flow 'hullo'"):
        await connection.ask(RunFlow("hullo"))
    await connection.ask(StopEngine())
    assert [change async for _, change in connection.changes()][-1:] == [EngineStopping()]
    with pytest.raises(EngineError):
        await connection.ask(GetStatus())
    await connection.close()


def test_a_subscriber_that_does_not_read_holds_up_nobody(
    engine: Running, connect: Callable[[], socket.socket]
) -> None:
    raw = connect()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.sendall(b'{"v": 1, "id": 1, "command": "Subscribe"}\n')
    engine.write("hello.py", HELLO)
    engine.ask(Sync(files=True))
    with client.connect(engine.settings) as flood:
        started = time.monotonic()
        for id in range(300):
            flood._socket.sendall(
                json.dumps({"v": 1, "id": id + 10, "command": "GetStatus"}).encode() + b"\n"
            )
        assert flood.ask(GetStatus())["pid"] == engine.pid()
        assert time.monotonic() - started < 5


def test_a_client_whose_engine_is_killed_is_told(engine: Running) -> None:
    with client.connect(engine.settings) as left:
        engine.kill()
        with pytest.raises(EngineError, match="gone"):
            left.ask(GetStatus())


def test_a_socket_that_a_dead_engine_left_is_replaced(engine: Running) -> None:
    engine.kill()
    assert (engine.state_dir / "engine.sock").exists()
    assert engine.pid()


def test_a_state_directory_that_others_can_write_is_refused(engine: Running) -> None:
    engine.state_dir.chmod(0o777)
    with pytest.raises(Exception, match="others may write") as caught:
        client.connect(Settings(project=engine.project))
    assert "chmod go-w" in str(caught.value)
    refused = engine.start()
    assert refused.wait(10) == 4
    engine.state_dir.chmod(0o700)
    wait_until(lambda: refused.poll() is not None)
