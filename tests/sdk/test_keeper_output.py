"""What a run prints is in its log, as it came and within limits."""

import os
from collections.abc import Callable

import pytest

from tests.sdk.keeping import Make, endless, reported
from tui_flow.sdk import keeper


def printing(*pieces: bytes) -> Callable[..., int]:
    def work(spec, directory, wait) -> int:
        for piece in pieces:
            while piece:
                piece = piece[os.write(1, piece) :]
        return reported(spec, directory, wait)

    return work


def test_lines_are_kept_as_they_came(make: Make) -> None:
    kept = make()
    kept.run(printing(b"one\ntw", b"o\r\n\n\tthree\x1b[0m\n", b"without an end"))
    assert kept.lines("stdout") == ["one", "two", "", "\tthree\x1b[0m", "without an end"]


def test_binary_output_harms_nothing(make: Make) -> None:
    kept = make()
    kept.run(printing(bytes(range(256)) * 4 + b"\nafter\n"))
    assert bytes(range(11, 256)) in kept.log
    assert kept.lines("stdout")[-1] == "after"


def test_a_line_that_is_too_long_becomes_several(make: Make) -> None:
    kept = make()
    kept.run(printing(b"x" * 200_000, b"y\nshort\n"))
    *pieces, short = kept.lines("stdout")
    assert "".join(pieces) == "x" * 200_000 + "y"
    assert max(map(len, pieces)) <= 64 * 1024
    assert short == "short"


@pytest.mark.parametrize("line", [b"z" * 79 + b"\n", b"\n", b"\0" * 80])
def test_a_flood_goes_on_and_only_its_beginning_is_kept(
    make: Make, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "CAPTURE_LIMIT", 1_000_000)
    flood = line * (20_000_000 // len(line))
    kept = make()
    assert kept.run(printing(flood)).state == "completed"
    assert 1_000_000 <= len(kept.log) < 6_000_000
    notice, total = kept.lines("tui_flow.keeper")
    assert "takes no more" in notice
    dropped = int(total.split()[0].replace(",", ""))
    kept_bytes = sum(len(text.encode()) + line.count(b"\n") for text in kept.lines("stdout"))
    assert dropped + kept_bytes == len(flood)


def test_a_worker_that_closes_its_output_runs_on(make: Make) -> None:
    def closing(spec, directory, wait) -> int:
        os.closerange(0, 3)
        return reported(spec, directory, wait)

    assert make().run(closing).state == "completed"


def test_a_stranger_that_holds_the_pipe_does_not_keep_the_run(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "DAEMON_GRACE_SECONDS", 0.2)
    kept = make()
    kept.start(endless)
    kept.wait_for("at work")
    with open(f"/proc/{kept.started.worker_pid}/fd/1", "wb", buffering=0) as held:
        held.write(b"from outside\n")
        kept.cancel()
        kept.wait(timeout=3)
    assert "from outside" in kept.lines("stdout")
