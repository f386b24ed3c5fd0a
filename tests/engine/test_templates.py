"""Runs that are forked from a template, beside the same runs that are spawned: nobody can tell them apart."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.engine.journals import a_spec
from tests.engine.processes import processes_of
from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.contract import journal, log, orders
from tui_flow.contract.commands import CancelRun, GetStatus, Sync
from tui_flow.contract.rundir import lock_holder, run_dir
from tui_flow.contract.version import VERSION, Version
from tui_flow.engine.template import Asked, Template

WAYS = ["template", "spawn"]


class House:
    """A project with an engine that starts its runs in one of the two ways."""

    def __init__(self, engine: Running, way: str) -> None:
        self.engine, self.way = engine, way
        seconds = "600" if way == "template" else "0"
        engine.serve("--stay", TUI_FLOW_TEMPLATE_IDLE_SECONDS=seconds)

    def write(self, name: str, text: str) -> Path:
        """Saves a flow file, and waits until it is described."""
        path = self.engine.write(name, text)
        self.engine.ask(Sync(files=True))
        return path

    def start(self, flow: str, **parameters: Any) -> int:
        return self.engine.run(flow, **parameters)

    def finish(self, flow: str, **parameters: Any) -> "Done":
        """A run of that flow, to its end, begun in the way that was wanted."""
        done = self.done(self.start(flow, **parameters))
        assert done.was_forked == (self.way == "template")
        return done

    def done(self, run_id: int) -> "Done":
        return Done(self.engine, run_id, self.engine.wait_for(run_id))


class Done:
    """A run that is over."""

    def __init__(self, engine: Running, run_id: int, run: Any) -> None:
        self.run, self.directory = run, run_dir(engine.state_dir, run_id)

    @property
    def was_forked(self) -> bool:
        return not (self.directory / VERSION).exists()

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    def lines(self, logger: str) -> list[str]:
        found = [log.decode(line) for line in (self.directory / "log").read_bytes().splitlines(keepends=True)]
        return [record.message for record in found if record and record.logger == logger]

    @property
    def events(self) -> list[Any]:
        return [journal.decode(line) for line in (self.directory / "journal").read_bytes().splitlines()]


@pytest.fixture(params=WAYS)
def house(request: pytest.FixtureRequest, engine: Running) -> House:
    return House(engine, request.param)


@pytest.fixture
def forking(engine: Running) -> House:
    return House(engine, "template")


PROBE = """
    import json, os, random, signal, sys, threading, uuid
    from tui_flow import flow

    SEEN = {name: os.environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "OPENBLAS_THREAD_TIMEOUT")}
    print("imported")
    print("to stderr", file=sys.stderr)

    def name_of(handler):
        return getattr(handler, "__qualname__", str(handler))

    def descriptors():
        for name in os.listdir("/proc/self/fd"):
            try:
                yield int(name), os.readlink(f"/proc/self/fd/{name}")
            except FileNotFoundError:
                pass

    @flow
    def probe():
        umask = os.umask(0)
        os.umask(umask)
        print(json.dumps({
            "name": __name__, "file": __file__, "cwd": os.getcwd(), "path": sys.path, "argv": sys.argv,
            "stdin": sys.stdin.read(), "umask": umask, "threads": threading.active_count(),
            "run": os.path.basename(os.environ["TUI_FLOW_RUN_DIR"]), "cookie": len(os.environ["TUI_FLOW_COOKIE"]),
            "blas": [name for name in os.environ if "BLAS" in name],
            "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
            "handlers": {int(n): name_of(signal.getsignal(n)) for n in signal.valid_signals() if n != signal.SIGTERM},
            "descriptors": sorted((fd, target.split(":")[0]) for fd, target in descriptors() if fd < 200),
            "group": os.getpgrp() == os.getpid(), "session": os.getsid(0) == os.getppid(),
            "streams": [sys.stdout.encoding, sys.stdout.line_buffering, sys.stderr.errors],
            "core": __import__("resource").getrlimit(4)[0],
            "environment": sorted(os.environ), "main": "tui_flow" in str(sys.modules["__main__"].__file__),
        }))
"""


def test_the_author_finds_the_same_process_in_both_ways(
    engine: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for way in WAYS:
        house = House(engine, way)
        house.write("probe.py", PROBE)
        done = house.finish("probe")
        [told] = [json.loads(line) for line in done.lines("stdout") if line.startswith("{")]
        assert told.pop("run") == str(done.run.id) and told.pop("cookie") == 32
        found[way] = told, done.lines("stdout")[:1], done.lines("stderr"), done.run.source_sha
        engine.stop()
    for what, told in found["spawn"][0].items():
        assert found["template"][0][what] == told, what
    assert found["template"] == found["spawn"]
    assert found["template"][1:3] == (["imported"], ["to stderr"])


def test_each_run_has_random_numbers_of_its_own(house: House) -> None:
    house.write(
        "dice.py",
        """
        import random, uuid
        from tui_flow import flow
        random.random()

        @flow
        def dice():
            print(random.random(), uuid.uuid4())
        """,
    )
    rolls = [tuple(house.finish("dice").lines("stdout")) for _ in range(3)]
    assert len(set(rolls)) == 3


def test_a_seed_in_the_file_holds_for_each_run(house: House) -> None:
    house.write(
        "seeded.py",
        """
        import random
        from tui_flow import flow
        random.seed(7)
        FIRST = random.random()

        @flow
        def seeded():
            print(FIRST, random.random())
        """,
    )
    rolls = {tuple(house.finish("seeded").lines("stdout")) for _ in range(3)}
    assert len(rolls) == 1


def test_what_one_run_changes_no_other_one_sees(house: House) -> None:
    house.write(
        "shared.py",
        """
        import os
        from tui_flow import flow
        SEEN = []

        @flow
        def shared(number: int):
            SEEN.append(number)
            os.environ["LEFT_BEHIND"] = "yes"
            print(SEEN)
        """,
    )
    assert [house.finish("shared", number=n).lines("stdout") for n in (1, 2)] == [["[1]"], ["[2]"]]


def test_a_failure_has_the_author_s_lines(house: House) -> None:
    house.write(
        "failing.py",
        """
        from tui_flow import flow

        @flow
        def failing():
            raise ValueError("no good")
        """,
    )
    done = house.finish("failing")
    assert (done.run.state, done.run.exit_code) == ("failed", 1)
    assert done.run.failure.line == 6 and done.run.failure.path.endswith("flows/failing.py")
    assert 'raise ValueError("no good")' in done.run.failure.traceback


ENDS = {
    "os._exit(3)": ("failed", "exit", 3, None),
    "os.kill(os.getpid(), signal.SIGKILL)": ("crashed", "signal", None, "SIGKILL"),
    "os.kill(os.getpid(), signal.SIGSEGV)": ("crashed", "signal", None, "SIGSEGV"),
    "sys.exit(5)": ("failed", "exit", 1, None),
    "time.sleep(60)": ("failed", "timeout", 1, None),
    "os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)": ("crashed", "vanished", None, None),
}


def test_an_end_is_told_the_same_however_it_comes(house: House) -> None:
    for number, end in enumerate(ENDS):
        house.engine.write(
            f"end_{number}.py",
            f"""
            import os, signal, sys, time
            from tui_flow import flow

            @flow(timeout_seconds=0.3)
            def end_{number}():
                {end}
            """,
        )
    house.engine.ask(Sync(files=True))
    for number, (end, expected) in enumerate(ENDS.items()):
        house.engine.write(
            f"end_{number}.py", (house.engine.project / f"flows/end_{number}.py").read_text() + "\n"
        )
        house.engine.ask(Sync(files=True))
        run = house.finish(f"end_{number}").run
        assert (run.state, run.reason, run.exit_code, run.signal) == expected, end


def test_a_cancelled_run_cleans_up(house: House) -> None:
    house.write(
        "slow.py",
        """
        import time
        from tui_flow import flow

        @flow
        def slow():
            try:
                print("at work")
                time.sleep(60)
            finally:
                print("cleaned up")
        """,
    )
    run_id = house.start("slow")
    directory = run_dir(house.engine.state_dir, run_id)
    wait_until(
        lambda: b"at work" in (directory / "log").read_bytes() if (directory / "log").exists() else False
    )
    house.engine.ask(CancelRun(run_id))
    done = house.done(run_id)
    assert (done.run.state, done.run.exit_code) == ("cancelled", 1)
    assert done.lines("stdout") == ["at work", "cleaned up"]


STRAY = """
    import os, time
    from pathlib import Path
    from tui_flow import flow

    @flow
    def stray(pids: str, end: bool):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                Path(pids).write_text(str(os.getpid()))
                time.sleep(60)
            os._exit(0)
        while not Path(pids).exists():
            time.sleep(0.01)
        time.sleep(0 if end else 60)
"""


def test_a_daemon_that_was_never_executed_ends_with_the_run_and_with_its_keeper(
    house: House, tmp_path: Path
) -> None:
    """Only its inherited environment tells whose it is, once the keeper was killed."""
    house.write("stray.py", STRAY)
    first, second = tmp_path / "first", tmp_path / "second"
    assert house.finish("stray", pids=str(first), end=True).run.state == "completed"
    run_id = house.start("stray", pids=str(second), end=False)
    wait_until(lambda: second.exists() and second.read_text())
    keeper = lock_holder(run_dir(house.engine.state_dir, run_id) / "lock")
    assert keeper
    os.kill(keeper, signal.SIGKILL)
    done = house.done(run_id)
    assert (done.run.state, done.run.reason) == ("crashed", "vanished")
    assert "of its processes were left, and ended" in done.run.message
    for path in (first, second):
        wait_until(lambda path=path: not _is_alive(int(path.read_text())))


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


NOTHING = """
    from tui_flow import flow

    @flow
    def nothing():
        '''{version}'''
"""


def templates_of(engine: Running) -> dict[int, str]:
    return {
        pid: command for pid, command in processes_of(engine.project).items() if "sdk.template" in command
    }


def only_template_of(engine: Running) -> int:
    """The one there is; what it has just forked looks like it for a moment."""
    return wait_until(lambda: len(found := templates_of(engine)) == 1 and next(iter(found)))


def test_a_process_of_a_run_shows_as_such(forking: House) -> None:
    forking.write("slow.py", "import time\nfrom tui_flow import flow\n@flow\ndef slow(): time.sleep(60)\n")
    run_id = forking.start("slow")
    forking.engine.wait_for(run_id, "running")
    keeper = lock_holder(run_dir(forking.engine.state_dir, run_id) / "lock")
    directory = run_dir(forking.engine.state_dir, run_id)
    spec = json.loads((directory / "spec.json").read_text())
    command = Path(f"/proc/{keeper}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    assert command[-2:] == [b"tui_flow.sdk.keeper", os.fsencode(directory)][: len(command[-2:])] or str(
        directory
    ).encode().startswith(command[-1])
    environment = Path(f"/proc/{keeper}/environ").read_bytes().split(b"\0")
    assert f"TUI_FLOW_COOKIE={spec['cookie']}".encode() in environment
    assert f"TUI_FLOW_RUN_DIR={directory}".encode() in environment
    forking.engine.ask(CancelRun(run_id))
    forking.done(run_id)


def test_a_killed_template_loses_nothing(forking: House) -> None:
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
    run_id = forking.start("waiting")
    forking.engine.wait_for(run_id, "running")
    old = only_template_of(forking.engine)
    forking.engine.kill()
    wait_until(lambda: not _is_alive(old))
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
    wait_until(lambda: not _is_alive(old))


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
