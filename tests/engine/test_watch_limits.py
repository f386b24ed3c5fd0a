"""Where the kernel lets nobody watch any more files, changes are found all the same: the limits are real, in a name space."""

import os
import subprocess
import sys
from contextlib import closing

import pytest

from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.contract.commands import Sync
from tui_flow.store import database, flows

_LIMITED = """
set -e
echo "$2" > /proc/sys/user/max_inotify_"$1"
exec "${@:3}"
"""
NEW = "from tui_flow import flow\n\n@flow\ndef found(): ...\n"


def limited(what: str, limit: int) -> list[str]:
    """How to start a command that may have so many; skips where that is not allowed."""
    start = ["unshare", "-Ur", "bash", "-c", _LIMITED, "limited", what, str(limit)]
    try:
        done = subprocess.run([*start, "true"], capture_output=True, text=True, timeout=10)
    except OSError:
        pytest.skip("no unshare here")
    if done.returncode != 0:
        pytest.skip(f"no limits of one's own here: {done.stderr}")
    return start


@pytest.mark.parametrize(
    ("what", "limit"),
    [("instances", 0), ("watches", 0), ("watches", 2)],
    ids=["no instance", "no watch", "no watch for flows"],
)
def test_with_no_watch_left_a_rescan_finds_what_changes_and_the_engine_says_so(
    engine: Running, what: str, limit: int
) -> None:
    command = [*limited(what, limit), sys.executable, "-m", "tui_flow.engine", "--stay", "--project"]
    started = subprocess.Popen(
        [*command, str(engine.project)],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env={**os.environ, "TUI_FLOW_RESCAN_SECONDS": "0.3"},
    )
    try:
        wait_until((engine.state_dir / "engine.sock").exists)
        engine.ask(Sync(files=True))
        assert engine.pid() == started.pid
        engine.write("new.py", NEW)
        with closing(database.open_reader(engine.state_dir)) as db:
            wait_until(lambda: [flow.name for flow in flows.list_flows(db)] == ["found"], 15)
        told = (engine.state_dir / "engine.log").read_text()
        assert told.count("the kernel gives no notices of changes") == 1
        assert engine.wait_for(engine.run("found")).state == "completed"
    finally:
        engine.hang_up()
        started.terminate()
        assert started.wait(10) == 0
