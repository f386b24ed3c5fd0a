"""Runs that are forked from a template, beside the same runs that are spawned: nobody can tell them apart."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.engine.forking import House, is_alive
from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.contract.commands import CancelRun, Sync
from tui_flow.contract.rundir import lock_holder, run_dir

WAYS = ["template", "spawn"]


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
        wait_until(lambda path=path: not is_alive(int(path.read_text())))


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
