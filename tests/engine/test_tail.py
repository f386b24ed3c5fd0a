"""Reading a file that grows."""

from pathlib import Path

from tui_flow.engine import tail as tail_module
from tui_flow.engine.tail import Tail


def test_a_file_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "journal")
    assert tail.read() == ([], 0)
    (tmp_path / "journal").write_bytes(b"one\n")
    assert tail.read() == ([b"one"], 4)


def test_a_torn_last_line_waits_for_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"one\ntw")
    tail = Tail(path)
    assert tail.read() == ([b"one"], 4)
    tail.offset = 4
    assert tail.read() == ([], 4)
    with path.open("ab") as file:
        file.write(b"o\n")
    assert tail.read() == ([b"two"], 8)


def test_only_a_newline_ends_a_line(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"a\rb\x0bc\xe2\x80\xa8d\n\ne\n")
    assert Tail(path).read()[0] == [b"a\rb\x0bc\xe2\x80\xa8d", b"", b"e"]


def test_a_long_file_is_read_in_chunks_and_a_longer_line_whole(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tail_module, "CHUNK_BYTES", 10)
    path = tmp_path / "journal"
    path.write_bytes(b"123\n567\n901\n" + b"x" * 95 + b"\nend\n")
    tail, found = Tail(path), []
    while True:
        lines, end = tail.read()
        if not lines:
            break
        found.append(lines)
        tail.offset = end
    assert found[0] == [b"123", b"567"]
    assert [line for lines in found for line in lines] == [b"123", b"567", b"901", b"x" * 95, b"end"]


def test_a_file_that_has_become_shorter_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"one\ntwo\nthree\n")
    tail = Tail(path, 14)
    path.write_bytes(b"one\n")
    assert tail.read() == ([b"one"], 4)
