"""How editors and other programs save: each save is live once, whole, and soon; nothing that they leave beside it counts."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.contract.commands import RerunRun, RunFlow, Sync
from tui_flow.contract.errors import BrokenFlow
from tui_flow.store import database, flows, runs

TEXT = "from tui_flow import flow\n\n\n@flow\ndef saved():\n    '''{version}'''\n\n\n@flow\ndef second():\n    '''{version}'''\n"


class Saved:
    """One flow file, and what the history says of it."""

    def __init__(self, engine: Running) -> None:
        self.engine = engine
        self.path = engine.write("saved.py", TEXT.format(version="old"))
        engine.ask(Sync(files=True))
        self._db = database.open_reader(engine.state_dir)

    def live(self) -> dict[str, str]:
        """What each flow says of itself."""
        return {flow.name: flow.description for flow in flows.list_flows(self._db)}

    def states(self) -> dict[str, str]:
        return {file.path: file.state for file in flows.list_flow_files(self._db)}

    def close(self) -> None:
        self._db.close()


@pytest.fixture
def saved(engine: Running) -> Iterator[Saved]:
    engine.serve(
        "--stay", TUI_FLOW_RESCAN_SECONDS="600"
    )  # nothing but the kernel's notices tells of a change
    found = Saved(engine)
    yield found
    found.close()


def vim(path: Path, text: str) -> None:
    """Tries out the folder, moves the old text aside, writes a new file, and removes the old one."""
    swap = path.with_name(f".{path.name}.swp")
    swap.write_bytes(b"b0VIM")
    probe = path.with_name("4913")
    os.close(os.open(probe, os.O_CREAT | os.O_WRONLY | os.O_EXCL))
    probe.unlink()
    backup = path.with_name(f"{path.name}~")
    path.rename(backup)
    _write(path, text, sync=True)
    path.chmod(0o644)
    backup.unlink()
    swap.unlink()


def emacs(path: Path, text: str) -> None:
    """Locks with a dangling link, saves itself to "#…#", copies the old text, and writes in place."""
    lock = path.with_name(f".#{path.name}")
    lock.symlink_to("me@host.1:2")
    path.with_name(f"#{path.name}#").write_text(text[:50])
    shutil.copy2(path, path.with_name(f"{path.name}~"))
    _write(path, text, sync=True)
    path.with_name(f"#{path.name}#").unlink()
    lock.unlink()


def nano(path: Path, text: str) -> None:
    """Writes in place."""
    _write(path, text)


def vs_code(path: Path, text: str) -> None:
    """Opens without truncating, truncates, and writes in place."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.ftruncate(fd, 0)
    os.write(fd, text.encode())
    os.fdatasync(fd)
    os.close(fd)


def sed(path: Path, text: str) -> None:
    """Writes a new file beside it and moves that into its place."""
    new = path.with_name("sedAbC123")
    _write(new, text)
    new.chmod(0o644)
    new.rename(path)


def rsync(path: Path, text: str) -> None:
    """The same, under a hidden name, with the time of the original."""
    new = path.with_name(f".{path.name}.Xy12Zw")
    _write(new, text, chunks=3)
    os.utime(new, (1_700_000_000, 1_700_000_000))
    new.rename(path)


def git(path: Path, text: str) -> None:
    """Removes the file and writes a new one of that name."""
    path.unlink()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    os.write(fd, text.encode())
    os.close(fd)


def hard_link(path: Path, text: str) -> None:
    """Writes a file beside it and links that into its place, as some tools that keep snapshots do."""
    new = path.with_name("new.tmp")
    _write(new, text)
    path.unlink()
    os.link(new, path)
    new.unlink()


def gtk(path: Path, text: str) -> None:
    """gedit and others: a stream beside it, flushed, with the rights of the old one, which stays as a copy."""
    new = path.with_name(".goutputstream-7QX2Z1")
    _write(new, text, sync=True, chunks=2)
    shutil.copymode(path, new)
    path.with_name(f"{path.name}~").unlink(missing_ok=True)
    os.link(path, path.with_name(f"{path.name}~"))
    new.rename(path)


def jetbrains(path: Path, text: str) -> None:
    """PyCharm's safe write: a new file beside it, the old one moved aside, the new one moved in, the old one removed."""
    new, old = (path.with_name(f"{path.name}___jb_{what}___") for what in ("tmp", "old"))
    _write(new, text)
    path.rename(old)
    new.rename(path)
    old.unlink()


def helix(path: Path, text: str) -> None:
    """Moves the old text aside under a random name, writes a new file, and copies the rights before it removes the old."""
    backup = path.with_name(f"{path.name}8iPuZq.bck")
    path.rename(backup)
    _write(path, text, sync=True)
    shutil.copymode(backup, path)
    backup.unlink()


def perl(path: Path, text: str) -> None:
    """`perl -pi`: reads on from the file that it has removed, and writes line by line into one of the same name."""
    with path.open():
        path.unlink()
        _write(path, text, chunks=len(text.splitlines()))


def tee(path: Path, text: str) -> None:
    """`… | tee`, `cp`, `rsync --inplace`: truncates, and writes block after block with pauses between them."""
    with path.open("w") as file:
        for start in range(0, len(text), 40):
            file.write(text[start : start + 40])
            file.flush()
            time.sleep(0.02)  # what the writer does between two blocks


def _write(path: Path, text: str, sync: bool = False, chunks: int = 1) -> None:
    size = len(text) // chunks + 1
    with path.open("w") as file:
        for start in range(0, len(text), size):
            file.write(text[start : start + size])
            file.flush()
        if sync:
            os.fsync(file.fileno())


EDITORS: list[Callable[[Path, str], None]] = [
    vim, emacs, nano, vs_code, sed, rsync, git, hard_link, gtk, jetbrains, helix, perl, tee,
]  # fmt: skip


def test_the_save_of_every_editor_is_live_by_itself_and_leaves_no_other_flow(
    saved: Saved, tmp_path: Path
) -> None:
    """And is imported once: each import leaves a line."""
    imports = tmp_path / "imports"
    counting = f"with open({str(imports)!r}, 'a') as file: file.write('{{version}}\\n')\n" + TEXT
    for editor in EDITORS:
        began = time.monotonic()
        editor(saved.path, counting.format(version=editor.__name__))
        wait_until(lambda editor=editor: saved.live() == dict.fromkeys(("saved", "second"), editor.__name__))
        assert (
            time.monotonic() - began < 5
        )  # the figure is in the benchmarks; a rescan would take ten minutes
        assert saved.states() == {"flows/saved.py": "ok"}
    saved.engine.ask(Sync(files=True))
    assert imports.read_text().split() == [editor.__name__ for editor in EDITORS]


def test_a_file_that_is_written_in_pieces_is_not_live_before_it_is_whole(saved: Saved) -> None:
    """The first piece is Python, and even has all the flows: only its end is missing."""
    whole = TEXT.format(version="new") + "    return 'the end'\n"
    seen = set()
    with saved.path.open("w") as file:
        for piece in (whole[:60], whole[60:-22], whole[-22:]):
            file.write(piece)
            file.flush()
            until = time.monotonic() + 0.3
            while time.monotonic() < until:
                seen.add((*saved.live().values(), *saved.states().values()))
                time.sleep(0.01)
    wait_until(lambda: saved.live()["second"] == "new")
    assert seen == {("old", "old", "ok")}


def test_a_file_that_nobody_closes_is_taken_when_it_is_still(saved: Saved) -> None:
    with saved.path.open("w") as file:
        file.write(TEXT.format(version="open"))
        file.flush()
        wait_until(lambda: saved.live()["saved"] == "open", timeout=5)


def test_a_run_of_a_file_that_is_being_written_is_of_its_last_whole_text(saved: Saved) -> None:
    with saved.path.open("w") as file:
        file.write("from tui_flow import flow\n@flow\ndef sav")
        file.flush()
        run = saved.engine.wait_for(saved.engine.run("saved"))
    assert run.state == "completed"


@pytest.mark.parametrize("count", [30, pytest.param(500, marks=pytest.mark.soak)])
def test_a_checkout_of_many_files_is_live_and_holds_no_more_of_them_ready_than_a_few(
    saved: Saved, count: int
) -> None:
    for number in range(count):
        folder = saved.engine.project / f"flows/team_{number % 3}/deep"
        folder.mkdir(parents=True, exist_ok=True)
        git_new = folder / f"many_{number}.py"
        git_new.write_text(f"from tui_flow import flow\n@flow\ndef many_{number}(): pass\n")
    wait_until(lambda: len(saved.live()) == 2 + count, timeout=10 + count)
    assert set(saved.states().values()) == {"ok"}


USER = """
from tui_flow import flow
from lib.clean import CLEAN
import settings_of_mine

@flow
def user():
    print(CLEAN, settings_of_mine.LEVEL)
"""


@pytest.fixture
def user(saved: Saved) -> Saved:
    """A flow file that imports a module below `flows/`, one that is hidden from the list of flows, and one beside it."""
    lib = saved.engine.project / "flows/lib"
    lib.mkdir()
    (lib / "_deep.py").write_text("CLEAN = 'one'\n")
    (lib / "clean.py").write_text("from lib._deep import CLEAN\n")
    (saved.engine.project / "settings_of_mine.py").write_text("LEVEL = 1\n")
    saved.engine.write("user.py", USER)
    saved.engine.ask(Sync(files=True))
    assert said(saved) == "one 1"
    return saved


def said(saved: Saved) -> str:
    """What a run of the flow prints."""
    run_id = saved.engine.run("user")
    assert saved.engine.wait_for(run_id).state == "completed"
    log = (saved.engine.state_dir / "runs" / str(run_id) / "log").read_text()
    return next(line.partition("stdout: ")[2] for line in log.splitlines() if "stdout: " in line)


def test_a_flow_runs_with_the_modules_that_were_just_saved(user: Saved) -> None:
    (user.engine.project / "flows/lib/_deep.py").write_text("CLEAN = 'two'\n")
    assert said(user) == "two 1"
    sed(user.engine.project / "settings_of_mine.py", "LEVEL = 2\n")
    assert said(user) == "two 2"
    journal = (user.engine.state_dir / "runs/3/journal").read_text()
    for name in ("flows/lib/_deep.py", "flows/lib/clean.py", "settings_of_mine.py"):
        sha = journal.split(f'"{name}":"')[1].split('"')[0]
        assert (user.engine.state_dir / "sources" / f"{sha}.py").read_text() == (
            user.engine.project / name
        ).read_text()


def test_a_changed_module_reloads_the_file_by_itself(user: Saved) -> None:
    before = {file.path: file.described_at for file in flows.list_flow_files(user._db)}
    (user.engine.project / "flows/lib/_deep.py").write_text("CLEAN = 'two'\n")

    def described_again() -> set[str]:
        return {
            file.path for file in flows.list_flow_files(user._db) if file.described_at > before[file.path]
        }

    wait_until(described_again)
    user.engine.ask(Sync(files=True))
    assert (
        described_again() <= {"flows/user.py", "flows/lib/clean.py"} and "flows/user.py" in described_again()
    )


@pytest.mark.parametrize("idle", ["600", "0"], ids=["template", "spawn"])
def test_a_broken_module_breaks_the_file_and_not_what_is_scheduled_of_it(user: Saved, idle: str) -> None:
    """A schedule does not ask for the file's state, as a command does."""
    engine = user.engine
    engine.kill()
    engine.serve("--stay", TUI_FLOW_RESCAN_SECONDS="600", TUI_FLOW_TEMPLATE_IDLE_SECONDS=idle)
    assert said(user) == "one 1"
    deep = engine.project / "flows/lib/_deep.py"
    deep.write_text("CLEAN = 'two'\nraise ValueError('broken module')\n")
    file = wait_until(
        lambda: {file.path: file for file in flows.list_flow_files(user._db)}["flows/user.py"].error
    )
    assert "broken module" in str(file)
    [found] = [file for file in flows.list_flow_files(user._db) if file.path == "flows/user.py"]
    assert (found.state, found.error_line) == ("broken", 3)
    assert "user" in user.live()
    run_id = make_pending_run(engine)
    assert engine.wait_for(run_id).state == "completed"
    log = (engine.state_dir / "runs" / str(run_id) / "log").read_text()
    assert "stdout: one 1" in log
    deep.unlink()
    assert engine.wait_for(make_pending_run(engine)).state == "completed"
    deep.write_text("CLEAN = 'mended'\n")
    wait_until(lambda: user.states()["flows/user.py"] == "ok")
    assert said(user) == "mended 1"


def test_of_a_broken_file_schedules_run_the_last_good_version_and_nobody_else_runs_anything(
    user: Saved,
) -> None:
    engine = user.engine
    text = "from tui_flow import every, flow\n\n\n@flow(schedule=every('1s'))\ndef ticking():\n    print('good')\n"
    path = engine.write("ticking.py", text)
    first = wait_until(lambda: runs.list_runs(user._db, flow="ticking"))[-1]
    path.write_text(text.replace("good", "bad") + "    def (\n")
    wait_until(lambda: user.states()["flows/ticking.py"] == "broken")
    for ask in (RunFlow("ticking"), RerunRun(engine.wait_for(first.id).id)):
        with pytest.raises(BrokenFlow) as refused:
            engine.ask(ask)
        assert refused.value.where == "flows/ticking.py:7"
    engine.kill()
    engine.serve("--stay", TUI_FLOW_RESCAN_SECONDS="600")
    engine.ask(Sync(files=True))
    asked_at = time.time()
    fired = wait_until(
        lambda: next((run for run in runs.list_runs(user._db, flow="ticking") if (run.scheduled_for or 0) > asked_at), None)
    )  # fmt: skip
    assert (engine.wait_for(fired.id).state, fired.trigger) == ("completed", "schedule")
    assert "stdout: good" in (engine.state_dir / "runs" / str(fired.id) / "log").read_text()


def make_pending_run(engine: Running) -> int:
    """A run that was asked for as an engine asks that dies right after: the living one takes it up."""
    from tui_flow.contract import rundir

    run_id, directory = rundir.make_run_dir(engine.state_dir)
    spec = rundir.RunSpec(
        run_id=run_id, flow="user", path=str(engine.project / "flows/user.py"), function="user", parameters={},
        run_name=None, tags=[], trigger="command", created_at=time.time(), project=str(engine.project),
        cookie=os.urandom(16).hex(), timeout_seconds=None, grace_seconds=5.0,
    )  # fmt: skip
    rundir.write_spec(directory, spec)
    return run_id


def test_notices_that_were_lost_are_made_up_for(engine: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the kernel holds ready, while the engine is stopped: it says so, and everything is looked at."""
    import signal

    started = engine.serve("--stay", TUI_FLOW_RESCAN_SECONDS="600")
    saved = Saved(engine)
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 20_000:
        pytest.skip(f"the kernel holds {limit:,} notices ready")
    os.kill(started.pid, signal.SIGSTOP)
    one, other = (engine.project / f"flows/{name}.py" for name in ("zz_one", "zz_other"))
    for _ in range(limit // 4 + 10):
        one.touch()
        with suppress(FileNotFoundError):
            one.rename(other)
        other.unlink()
    saved.path.write_text(TEXT.format(version="found"))
    os.kill(started.pid, signal.SIGCONT)
    wait_until(lambda: saved.live().get("saved") == "found")
    saved.close()
