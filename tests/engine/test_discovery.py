"""Flow files as they are saved: noticed, described, broken, mended, gone. Nothing that one does hurts another."""

import os
import time
from collections.abc import Iterator

import pytest

from tests.engine.processes import processes_of
from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.contract.commands import GetStatus, Sync
from tui_flow.store import database, flows
from tui_flow.store.records import FlowFile

GOOD = """
    from tui_flow import flow

    @flow
    def {name}(count: int = 1, *, who: str):
        '''Does good.'''
"""
NEVER = """
    import {module}
    {text}
"""


@pytest.fixture
def db(engine: Running) -> Iterator[database.Connection]:
    engine.write("good.py", GOOD.format(name="good"))
    engine.ask(Sync(files=True))
    reader = database.open_reader(engine.state_dir)
    yield reader
    reader.close()


def files(db: database.Connection) -> dict[str, FlowFile]:
    return {file.path.removeprefix("flows/"): file for file in flows.list_flow_files(db)}


def names(db: database.Connection) -> list[str]:
    return sorted(flow.name for flow in flows.list_flows(db))


def test_a_flow_is_described_by_what_its_file_says(engine: Running, db: database.Connection) -> None:
    flow = flows.get_flow(db, "good")
    assert flow is not None
    assert (flow.path, flow.function, flow.description) == ("flows/good.py", "good", "Does good.")
    assert flow.parameters["properties"]["count"]["default"] == 1
    assert flow.parameters["required"] == ["who"]
    sha = files(db)["good.py"].sha
    assert (engine.state_dir / "sources" / f"{sha}.py").read_bytes() == (
        engine.project / "flows/good.py"
    ).read_bytes()


def test_a_save_is_noticed_by_itself(engine: Running, db: database.Connection) -> None:
    started = time.monotonic()
    engine.write("new.py", GOOD.format(name="new"))
    wait_until(lambda: names(db) == ["good", "new"])
    assert time.monotonic() - started < 5  # a rescan alone would take up to ten
    engine.write("new.py", GOOD.format(name="newer"))
    wait_until(lambda: names(db) == ["good", "newer"])
    (engine.project / "flows/new.py").unlink()
    wait_until(lambda: names(db) == ["good"])


def test_files_in_folders_count_and_helpers_do_not(engine: Running, db: database.Connection) -> None:
    for name in (
        "daily/deep/sub.py",
        "_helper.py",
        ".hidden.py",
        "out/made.py",
        "_private/in.py",
        ".git/in.py",
    ):
        engine.write(name, GOOD.format(name="sub"))
    for name in (".#good.py", "good.py~", "good.py.swp", "#good.py#", "4913", "good.pyc", "notes.txt"):
        (engine.project / "flows" / name).write_text(GOOD)
    os.mkfifo(engine.project / "flows/pipe.py")
    (engine.project / "flows/loop.py").symlink_to("loop.py")
    (engine.project / "flows/folder.py").mkdir()
    (engine.project / "flows/around").symlink_to("..")
    engine.write("module.py", "ANSWER = 42\n")
    engine.ask(Sync(files=True))
    assert sorted(files(db)) == ["daily/deep/sub.py", "good.py", "module.py"]
    assert names(db) == ["good", "sub"]


BAD = {
    "syntax.py": ("def x(:\n", "SyntaxError", 1),
    "missing.py": ("\nimport no_such_module_anywhere\n", "no_such_module_anywhere", 2),
    "raises.py": ("\n\nraise ValueError('no')\n", "ValueError: no", 3),
    "interrupt.py": ("raise KeyboardInterrupt\n", "KeyboardInterrupt", 1),
    "exits.py": ("import sys\nsys.exit(0)\n", "sys.exit(0)", 2),
    "os_exit.py": ("import os\nos._exit(0)\n", "exited with code 0 while being imported", None),
    "segfault.py": (
        "import os\nos.kill(os.getpid(), 11)\n",
        "was ended by SIGSEGV while being imported",
        None,
    ),
    "nul.py": ("x = 1\0\n", "null bytes", None),
    "latin.py": (b"# caf\xe9\nx = 1\n", "SyntaxError", None),
    "recursive.py": ("def f(): f()\nf()\n", "RecursionError", None),
    "flood.py": (
        "import os\nfor _ in range(2000): os.write(1, b'x' * 10000)\nos._exit(3)\n",
        "exited with code 3",
        None,
    ),
    "twice.py": (
        "from tui_flow import flow\n@flow(name='same')\ndef a(): ...\n@flow(name='same')\ndef b(): ...\n",
        "two flows are named 'same'",
        None,
    ),
}


def test_broken_files_of_every_kind_hurt_only_themselves(engine: Running, db: database.Connection) -> None:
    for name, (content, _, _) in BAD.items():
        data = content if isinstance(content, bytes) else content.encode()
        (engine.project / "flows" / name).write_bytes(data)
    (engine.project / "flows/large.py").write_bytes(b"#" * 5_000_000)
    engine.ask(Sync(files=True))
    found = files(db)
    for name, (_, error, line) in BAD.items():
        file = found[name]
        assert file.state == "broken", name
        assert error in (file.error or ""), (name, file.error)
        assert "\n" not in (file.error or ""), name
        assert line is None or file.error_line == line, (name, file.error_line)
    assert "a flow file has at most 4 MB" in (found["large.py"].error or "")
    assert names(db) == ["good"]
    assert engine.ask(GetStatus())["broken_files"] == len(BAD) + 1
    for name in [*BAD, "large.py"]:
        engine.write(name, "x = 1\n")
    engine.ask(Sync(files=True))
    assert {file.state for file in files(db).values()} == {"ok"}


def test_a_file_that_hangs_is_broken_after_the_limit_and_leaves_no_process(engine: Running) -> None:
    engine.serve("--stay", TUI_FLOW_IMPORT_TIMEOUT_SECONDS="0.5")
    engine.write(
        "hang.py",
        """
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        while True:
            time.sleep(0.1)
        """,
    )
    engine.write("good.py", GOOD.format(name="good"))
    engine.ask(Sync(files=True))
    reader = database.open_reader(engine.state_dir)
    found = files(reader)["hang.py"]
    assert (found.state, found.error) == ("broken", "took longer than 0.5 s to import")
    assert names(reader) == ["good"]
    reader.close()
    wait_until(
        lambda: (
            not [one for one in processes_of(engine.project).values() if "describe" in one or "600" in one]
        )
    )


@pytest.mark.parametrize("end", ["time.sleep(600)", "os._exit(0)", "os.kill(os.getpid(), 11)"])
def test_what_a_file_starts_in_a_session_of_its_own_ends_with_its_import(engine: Running, end: str) -> None:
    engine.serve("--stay", TUI_FLOW_IMPORT_TIMEOUT_SECONDS="2")
    engine.write(
        "daemon.py",
        f"""
        import os, pathlib, subprocess, sys, time
        hidden = [sys.executable, "-c", "import time; time.sleep(700)", {str(engine.project)!r}]
        child = subprocess.Popen(hidden, start_new_session=True)
        pathlib.Path("pid").write_text(str(child.pid))
        {end}
        """,
    )
    engine.ask(Sync(files=True))
    pid = int((engine.project / "pid").read_text())
    wait_until(lambda: pid not in processes_of(engine.project))


def test_a_hanging_file_that_is_mended_is_not_waited_for(engine: Running, db: database.Connection) -> None:
    engine.write("slow.py", "import time\ntime.sleep(600)\n")
    wait_until(lambda: [one for one in processes_of(engine.project).values() if "slow.py" in one])
    started = time.monotonic()
    engine.write("slow.py", GOOD.format(name="quick"))
    wait_until(lambda: "quick" in names(db))
    assert time.monotonic() - started < 5


def test_a_broken_file_keeps_the_flows_of_its_last_good_version(
    engine: Running, db: database.Connection
) -> None:
    engine.write("good.py", "def good(:\n")
    engine.ask(Sync(files=True))
    assert files(db)["good.py"].state == "broken"
    assert names(db) == ["good"]


def test_two_files_with_one_flow_name_name_each_other(engine: Running, db: database.Connection) -> None:
    engine.write("other.py", GOOD.format(name="good"))
    engine.ask(Sync(files=True))
    other = files(db)["other.py"]
    assert other.state == "broken" and files(db)["good.py"].state == "ok"
    assert "'good'" in (other.error or "") and "flows/good.py" in (other.error or "")
    (engine.project / "flows/good.py").unlink()
    engine.ask(Sync(files=True))
    assert files(db)["other.py"].state == "ok"
    assert names(db) == ["good"]


def test_a_renamed_file_keeps_its_flow(engine: Running, db: database.Connection) -> None:
    (engine.project / "flows/good.py").rename(engine.project / "flows/better.py")
    engine.ask(Sync(files=True))
    assert list(files(db)) == ["better.py"]
    assert names(db) == ["good"]


def test_a_half_written_file_is_not_published(engine: Running, db: database.Connection) -> None:
    text = (
        "from tui_flow import flow\n\n@flow\ndef good(who: str):\n    '''Whole.'''\n    return 'long' + who\n"
    )
    path = engine.project / "flows/good.py"
    states = set()
    for size in (30, 45, 60, 75, len(text)):
        path.write_text(text[:size])
        until = time.monotonic() + 0.12
        while time.monotonic() < until:
            states.add((files(db)["good.py"].state, *names(db)))
            time.sleep(0.01)
    wait_until(lambda: [flow.description for flow in flows.list_flows(db)] == ["Whole."])
    assert states == {("ok", "good")}


def test_an_unchanged_file_is_not_described_again_by_the_next_engine(
    engine: Running, db: database.Connection
) -> None:
    before = files(db)["good.py"]
    engine.kill()
    engine.ask(Sync(files=True))
    assert files(db)["good.py"] == before
    (engine.project / "flows/good.py").touch()
    engine.ask(Sync(files=True))
    assert files(db)["good.py"] == before


def test_a_file_that_was_broken_by_its_surroundings_is_tried_again(
    engine: Running, db: database.Connection
) -> None:
    engine.write("needy.py", "import neighbour\n" + GOOD.format(name="needy").replace("\n    ", "\n"))
    engine.ask(Sync(files=True))
    assert files(db)["needy.py"].state == "broken"
    engine.write("neighbour.py", "x = 1\n")
    engine.ask(Sync(files=True))
    assert files(db)["needy.py"].state == "ok"


def test_flows_that_is_removed_and_made_again_is_followed(engine: Running, db: database.Connection) -> None:
    folder = engine.project / "flows"
    folder.rename(engine.project / "old")
    wait_until(lambda: names(db) == [])
    folder.mkdir()
    engine.ask(Sync(files=True))
    engine.write("again.py", GOOD.format(name="again"))
    wait_until(lambda: names(db) == ["again"], 5)


def test_without_notices_of_the_kernel_a_rescan_finds_the_change(
    engine: Running, db: database.Connection
) -> None:
    engine.kill()
    engine.serve("--stay", TUI_FLOW_RESCAN_SECONDS="0.2")
    engine.ask(Sync(files=True))
    path = engine.project / "flows/good.py"
    before = path.stat()
    changed = path.read_text().replace("count: int = 1", "count: int = 7")
    path.write_text(changed)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    wait_until(lambda: flows.list_flows(db)[0].parameters["properties"]["count"]["default"] == 7)


TWO = """
    from tui_flow import flow

    @flow
    def sub(): ...

    @flow
    def {name}(): ...
"""


def test_a_helper_of_the_same_name_in_another_file_costs_that_file_nothing_else(
    engine: Running, db: database.Connection
) -> None:
    engine.write("a.py", TWO.format(name="first"))
    engine.ask(Sync(files=True))
    engine.write("b.py", TWO.format(name="second"))
    engine.ask(Sync(files=True))
    assert names(db) == ["first", "good", "second", "sub"]
    assert files(db)["b.py"].state == "ok"
    sub = flows.get_flow(db, "sub")
    assert sub is not None and sub.path == "flows/a.py"
    assert (
        "'sub' is a flow of flows/a.py; here it runs by its path"
        in (engine.state_dir / "engine.log").read_text()
    )
    (engine.project / "flows/a.py").unlink()
    wait_until(lambda: names(db) == ["good", "second", "sub"])
    sub = flows.get_flow(db, "sub")
    assert sub is not None and sub.path == "flows/b.py"
