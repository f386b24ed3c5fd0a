"""How templates come and go: with the versions of their files, with the engine, with time, and by a kill."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.engine.forking import Done, House, is_alive, only_template_of, templates_of
from tests.engine.journals import a_spec
from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.contract import orders
from tui_flow.contract.commands import GetStatus, Sync
from tui_flow.contract.version import Version
from tui_flow.engine.template import Asked, Template


@pytest.fixture
def forking(engine: Running) -> House:
    return House(engine, "template")


NOTHING = """
    from tui_flow import flow

    @flow
    def nothing():
        '''{version}'''
"""


def write_waiting(forking: House) -> Path:
    """The flow `waiting`, whose runs go on until there is the file that this gives."""
    gate = forking.engine.project / "go"
    forking.write(
        "waiting.py",
        f"""
        import time
        from pathlib import Path
        from tui_flow import flow

        @flow
        def waiting():
            while not Path({str(gate)!r}).exists():
                time.sleep(0.01)
        """,
    )
    return gate


def test_a_killed_template_loses_nothing(forking: House) -> None:
    gate = write_waiting(forking)
    before = [forking.start("waiting") for _ in range(2)]
    for run_id in before:
        forking.engine.wait_for(run_id, "running")
    template = only_template_of(forking.engine)
    os.kill(template, signal.SIGSTOP)
    during = forking.start("waiting")  # it is asked, and does not answer
    time.sleep(0.05)
    os.kill(template, signal.SIGKILL)
    forking.engine.wait_for(during, "running")
    after = forking.start("waiting")
    gate.touch()
    for run_id in (*before, during, after):
        done = forking.done(run_id)
        assert done.run.state == "completed"
        assert [type(event).__name__ for event in done.events].count("RunStarted") == 1


def test_a_killed_engine_takes_its_templates_along_and_no_run(forking: House) -> None:
    gate = write_waiting(forking)
    run_id = forking.start("waiting")
    forking.engine.wait_for(run_id, "running")
    old = only_template_of(forking.engine)
    forking.engine.kill()
    wait_until(lambda: not is_alive(old))
    gate.touch()
    assert forking.done(run_id).run.state == "completed"


def test_a_new_version_retires_the_old_template_and_a_run_keeps_the_version_it_began_with(
    forking: House,
) -> None:
    gate = forking.engine.project / "go"
    text = f"""
        import time
        from pathlib import Path
        from tui_flow import flow

        @flow
        def versions():
            while not Path({str(gate)!r}).exists():
                time.sleep(0.01)
            print("VERSION")
    """
    forking.write("versions.py", text.replace("VERSION", "one"))
    first = forking.start("versions")
    forking.engine.wait_for(first, "running")
    old = only_template_of(forking.engine)
    forking.write("versions.py", text.replace("VERSION", "two"))
    second = forking.start("versions")
    forking.engine.wait_for(second, "running")
    gate.touch()
    done = [forking.done(run_id) for run_id in (first, second)]
    assert [one.lines("stdout") for one in done] == [["one"], ["two"]]
    assert [one.was_forked for one in done] == [True, True]
    for one in done:
        kept = forking.engine.state_dir / "sources" / f"{one.run.source_sha}.py"
        assert f"print({one.lines('stdout')[0]!r})".replace("'", '"') in kept.read_text()
    wait_until(lambda: not is_alive(old))


OBJECTIONS = {
    "a thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n",
        "1 thread",
    ),
    "a process": ("import subprocess\nCHILD = subprocess.Popen(['sleep', '1'])\n", "1 process"),
    "an open file": ("LOG = open('/proc/self/stat')\n", "open"),
    "a signal handler": (
        "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: None)\n",
        "a signal handler",
    ),
    "a patched module": ("import time\ntime.sleep = lambda seconds: None\n", "replaces time.sleep"),
}


def test_what_an_import_leaves_behind_is_imported_for_each_run_instead(forking: House) -> None:
    for number, (source, _) in enumerate(OBJECTIONS.values()):
        flow = f"from tui_flow import flow\n@flow\ndef left_{number}(): pass\n"
        (forking.engine.project / f"flows/left_{number}.py").write_text(source + flow)
        forking.engine.ask(Sync(files=True))
    for number, (how, (_, words)) in enumerate(OBJECTIONS.items()):
        done = forking.done(forking.start(f"left_{number}"))
        assert done.run.state == "completed", how
        assert not done.was_forked, how
        said = (forking.engine.state_dir / "engine.log").read_text()
        assert re.search(rf"flows/left_{number}\.py: every run imports it anew: .*{words}", said), how


def test_idle_templates_go_and_a_first_run_brings_them_back(engine: Running) -> None:
    engine.serve("--stay", TUI_FLOW_TEMPLATE_IDLE_SECONDS="0.3")
    engine.write("nothing.py", NOTHING.format(version=1))
    engine.ask(Sync(files=True))
    wait_until(lambda: templates_of(engine), what="a template")
    wait_until(lambda: templates_of(engine) == {}, what="no template")
    run_id = engine.run("nothing")
    assert not Done(engine, run_id, engine.wait_for(run_id)).was_forked
    wait_until(lambda: templates_of(engine), what="a template after the first run")


def test_what_a_module_read_when_it_was_imported_grows_no_older_than_allowed(engine: Running) -> None:
    engine.serve("--stay", TUI_FLOW_TEMPLATE_MAX_AGE_SECONDS="0.5")
    config = engine.project / "config.txt"
    config.write_text("one")
    engine.write(
        "reads.py",
        f"""
        from pathlib import Path
        from tui_flow import flow

        CONFIG = Path({str(config)!r}).read_text()

        @flow
        def reads():
            print("read", CONFIG)
        """,
    )
    engine.ask(Sync(files=True))

    def run() -> tuple[str, bool]:
        run_id = engine.run("reads")
        done = Done(engine, run_id, engine.wait_for(run_id))
        return done.lines("stdout")[0], done.was_forked

    wait_until(lambda: templates_of(engine), what="a template")
    wait_until(lambda: templates_of(engine) == {}, what="no template once it is old and nobody has used it")
    assert run() == ("read one", False)
    config.write_text("two")
    wait_until(lambda: run() == ("read two", True), what="a run that is forked from a fresh import")


def test_an_import_that_no_longer_works_is_not_begun_from(engine: Running) -> None:
    engine.serve("--stay", TUI_FLOW_TEMPLATE_MAX_AGE_SECONDS="0.5")
    config = engine.project / "config.txt"
    config.write_text("there")
    engine.write(
        "reads.py",
        f"from pathlib import Path\nfrom tui_flow import flow\nPath({str(config)!r}).read_text()\n@flow\ndef reads(): pass\n",
    )
    engine.ask(Sync(files=True))
    assert engine.wait_for(engine.run("reads")).state == "completed"
    config.unlink()
    wait_until(
        lambda: engine.wait_for(engine.run("reads")).state == "failed", what="a run that finds no config"
    )


def test_there_are_no_more_templates_than_are_allowed(engine: Running) -> None:
    engine.serve("--stay", TUI_FLOW_MAX_TEMPLATES="2")
    for number in range(4):
        engine.write(f"flow_{number}.py", f"from tui_flow import flow\n@flow\ndef flow_{number}(): pass\n")
        engine.ask(Sync(files=True))
    wait_until(lambda: len(templates_of(engine)) == 2)
    assert engine.ask(GetStatus())["flows"] == 4
    ids = [engine.run(f"flow_{number}") for number in range(4)]
    done = [Done(engine, run_id, engine.wait_for(run_id)) for run_id in ids]
    assert [one.run.state for one in done] == ["completed"] * 4
    assert [one.was_forked for one in done] == [False, False, True, True]


def test_orders_that_a_busy_template_cannot_take_are_spawned_and_it_stays(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    spec = a_spec(1, tmp_path)
    asked = Asked(gone=lambda: None, lost=lambda: None, ended=lambda _: None)

    async def ask() -> None:
        with subprocess.Popen(["sleep", "60"]) as nobody:
            template = Template(nobody, ours, "flows/busy.py", Version("sha", {}), ["", ""])
            try:
                while template.fork(template.forked + 1, tmp_path, spec, asked):
                    continue
                assert template.forked >= 50 and template.is_alive
                orders.decode(theirs.recv(orders.MAX_PACKET))
                assert template.fork(1000, tmp_path, spec, asked)
                theirs.close()
                assert not template.fork(1001, tmp_path, spec, asked)
                assert not template.is_alive
            finally:
                nobody.kill()
                template.gone()

    asyncio.run(ask())
