"""Run directories, locks and the state directory: safe between processes, whoever dies."""

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.journals import a_spec
from tests.waiting import wait_until
from tui_flow.contract import rundir
from tui_flow.contract.errors import StateDirError

HOLD = "import sys, time; from pathlib import Path; from tui_flow.contract.rundir import take_lock;" \
    "print(take_lock(Path(sys.argv[1])), flush=True); time.sleep(600)"  # fmt: skip


def test_ids_rise_and_are_never_given_twice_between_processes(tmp_path: Path) -> None:
    state_dir = rundir.open_state_dir(tmp_path)
    code = (
        "import sys; from pathlib import Path; from tui_flow.contract.rundir import make_run_dir\n"
        "for _ in range(50): print(make_run_dir(Path(sys.argv[1]))[0])"
    )
    makers = [
        subprocess.Popen([sys.executable, "-c", code, str(state_dir)], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    given = [[int(id) for id in maker.communicate()[0].split()] for maker in makers]
    assert all(ids == sorted(ids) for ids in given)
    assert sorted(id for ids in given for id in ids) == list(range(1, 151))
    assert set(rundir.run_ids(state_dir)) == set(range(1, 151))


def test_a_lost_counter_gives_no_id_twice(tmp_path: Path) -> None:
    state_dir = rundir.open_state_dir(tmp_path)
    first, _ = rundir.make_run_dir(state_dir)
    (state_dir / "runs" / "last").unlink()
    assert rundir.make_run_dir(state_dir)[0] == first + 1


def test_a_spec_and_a_cancel_request_come_back_and_half_of_one_does_not(tmp_path: Path) -> None:
    spec, cancel = a_spec(3, tmp_path, tags=["é"]), rundir.CancelRequest(1.0, "uid 0", True)
    rundir.write_spec(tmp_path, spec)
    rundir.write_cancel(tmp_path, cancel)
    assert rundir.read_spec(tmp_path) == spec
    assert rundir.read_cancel(tmp_path) == cancel
    text = (tmp_path / "spec.json").read_text()
    for part in (text[: len(text) // 2], "", "[]", "null", "{}"):
        (tmp_path / "spec.json").write_text(part)
        assert rundir.read_spec(tmp_path) is None


def test_a_lock_is_held_for_as_long_as_its_process_lives(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert rundir.lock_holder(path) is None
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline() != b"None\n"
        assert rundir.lock_holder(path) == holder.pid
        assert rundir.take_lock(path) is None
        assert rundir.signal_holder(path, signal.SIGKILL)
        holder.wait(10)
    wait_until(lambda: rundir.lock_holder(path) is None)
    assert not rundir.signal_holder(path, signal.SIGKILL)
    lock = rundir.take_lock(path)
    assert lock is not None
    os.close(lock)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_what_is_made_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        state_dir = rundir.open_state_dir(tmp_path)
        run_id, directory = rundir.make_run_dir(state_dir)
        rundir.write_spec(directory, a_spec(run_id, tmp_path))
    finally:
        os.umask(before)
    for path in (state_dir, *state_dir.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    assert (state_dir / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("counter", [b"garbage\n", b"9" * 25, b""])
def test_a_counter_that_says_nonsense_is_made_good(tmp_path: Path, counter: bytes) -> None:
    state_dir = rundir.open_state_dir(tmp_path)
    rundir.make_run_dir(state_dir)
    (state_dir / "runs/last").write_bytes(counter)
    assert rundir.last_run_id(state_dir) == 1
    assert rundir.make_run_dir(state_dir)[0] == 2
    assert (state_dir / "runs/last").read_bytes() == b"2\n"


def test_a_counter_that_a_power_loss_put_back_finds_the_runs_that_were_kept(tmp_path: Path) -> None:
    state_dir = rundir.open_state_dir(tmp_path)
    for _ in range(3):
        rundir.make_run_dir(state_dir)
    (state_dir / "runs/last").write_bytes(b"1\n")
    assert rundir.last_run_id(state_dir) == 3
    assert rundir.make_run_dir(state_dir)[0] == 4


def test_a_state_directory_that_is_not_safe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / ".tui_flow").symlink_to("target")
    with pytest.raises(StateDirError, match="not a plain directory"):
        rundir.open_state_dir(tmp_path)
    (tmp_path / ".tui_flow").unlink()
    (tmp_path / ".tui_flow").symlink_to("nowhere")
    with pytest.raises(StateDirError, match="not a plain directory"):
        rundir.open_state_dir(tmp_path)
    (tmp_path / ".tui_flow").unlink()
    (tmp_path / ".tui_flow").write_text("")
    with pytest.raises(StateDirError, match="not a plain directory") as refused:
        rundir.open_state_dir(tmp_path)
    assert refused.value.next == "remove or rename it"
    (tmp_path / ".tui_flow").unlink()
    rundir.open_state_dir(tmp_path).chmod(0o770)
    with pytest.raises(StateDirError, match="others may write") as caught:
        rundir.open_state_dir(tmp_path)
    assert caught.value.exit_code == 4 and "chmod" in caught.value.next


def test_a_state_directory_that_finds_no_room_asks_for_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(rundir, "write_whole", full)
    with pytest.raises(StateDirError, match="No space left") as caught:
        rundir.open_state_dir(tmp_path)
    assert "make room" in caught.value.next


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_somebody_elses_state_directory_is_refused(tmp_path: Path) -> None:
    os.chown(rundir.open_state_dir(tmp_path), 65534, 65534)
    with pytest.raises(StateDirError, match="belongs to uid 65534"):
        rundir.open_state_dir(tmp_path)


def test_a_spec_is_on_the_disk_under_its_name_and_its_content_before_it_takes_anothers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that after a power loss there is the old one or the new one, whole, and no run that was asked for is lost."""
    synced: list[str] = []
    sync = os.fsync

    def note(fd: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{fd}")).suffix)
        sync(fd)

    monkeypatch.setattr(os, "fsync", note)
    rundir.write_spec(tmp_path, a_spec(1, tmp_path))
    assert synced == [".json"]
    rundir.write_spec(tmp_path, a_spec(1, tmp_path, attempt=2))
    assert synced == [".json", ".tmp", ".json"]
    (tmp_path / "other").mkdir()
    rundir.write_spec(tmp_path / "other", a_spec(2, tmp_path), durable=False)
    assert synced == [".json", ".tmp", ".json"]


def test_a_folder_that_one_may_not_look_at_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    assert rundir.find_project(tmp_path / ("x" * 300)) == tmp_path  # the kernel refuses even the question
