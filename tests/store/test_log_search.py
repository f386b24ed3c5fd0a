import random
from pathlib import Path

import pytest

from tui_flow.contract import log
from tui_flow.store import log_search
from tui_flow.store.log_search import Hit, LogQuery, LogScan, Needle, around
from tui_flow.store.logs import LogFile

NOON = 1_755_691_200.0
WARNING, ERROR, CRITICAL = 2, 3, 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def write(path: Path, *records: bytes) -> None:
    with path.open("ab") as file:
        file.writelines(records)


def say(message: str, level: str = "INFO", task: int | None = 0, tries: int = 1, at: float = 0.0) -> bytes:
    return log.encode(NOON + at, level, task, tries, "flow", message)


def search(path: Path, *needles: Needle, **how: object) -> list[Hit]:
    return list(LogScan(LogQuery(needles, **how)).hits(path))  # type: ignore[arg-type]


def texts(hits: list[Hit]) -> list[str]:
    return [hit.text for hit in hits]


def found(hit: Hit) -> str:
    return hit.text[slice(*hit.place)]


def test_the_newest_hit_comes_first_and_says_where_it_stands(path: Path) -> None:
    write(path, say("timeout one", "ERROR", 3, 2), say("fine"), say("x\na timeout two\nmore", "WARNING", 7))
    last, first = search(path, Needle("timeout"))
    assert (last.line, last.text, last.level, last.task_run, last.tries) == (
        3,
        "a timeout two",
        WARNING,
        7,
        1,
    )
    assert (first.line, first.level, first.task_run, first.tries) == (0, ERROR, 3, 2)
    assert found(first) == found(last) == "timeout"
    assert path.read_bytes()[last.offset :].startswith(b"\ta timeout two")


def test_a_logger_is_found_by_its_name_with_those_below_it(path: Path) -> None:
    names = ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy2", "flow")
    write(path, *(log.encode(NOON, "INFO", 0, 1, name, f"row\nof {name}") for name in names))
    assert texts(search(path, loggers=(("SQLalchemy", False),))) == ["row", "row"]
    assert texts(search(path, Needle("of"), loggers=(("sqlalchemy", True),))) == ["of flow", "of sqlalchemy2"]
    assert texts(search(path, Needle("of"), loggers=(("sql*", False), ("*.engine", True)))) == [
        "of sqlalchemy2",
        "of sqlalchemy",
    ]


def test_case_counts_only_where_there_is_a_capital_letter(path: Path) -> None:
    write(path, say("Über Timeout"), say("über timeout"))
    assert len(search(path, Needle("timeout"))) == len(search(path, Needle("über"))) == 2
    assert texts(search(path, Needle("Timeout"))) == ["Über Timeout"]
    assert texts(search(path, Needle("Über"))) == ["Über Timeout"]


def test_a_letter_whose_small_form_is_two_moves_nothing(path: Path) -> None:
    write(path, say("İ then timeout"))
    (hit,) = search(path, Needle("timeout"))
    assert found(hit) == "timeout"


def test_a_regular_expression_sees_one_line_after_the_other(path: Path) -> None:
    write(path, say("took 12s"), say("took 7s\ntook 99s$"))
    assert texts(search(path, Needle(r"took \d\ds$", is_regex=True))) == ["took 12s"]
    assert texts(search(path, Needle(r"took \d\d", is_regex=True))) == ["took 99s$", "took 12s"]


def test_all_needles_are_looked_for_in_the_whole_record(path: Path) -> None:
    write(path, say("load failed\nOperationalError: timeout"), say("load done"), say("other timeout"))
    assert texts(search(path, Needle("timeout"), Needle("load"))) == ["OperationalError: timeout"]
    assert texts(search(path, Needle("timeout"), Needle("load", is_not=True))) == ["other timeout"]
    assert texts(search(path, Needle("timeout", is_not=True))) == ["load done"]


def test_what_a_record_begins_with_is_not_what_somebody_said(path: Path) -> None:
    write(path, say("fine"), say("row 20 of 2025-08-20"), say("more\nand 20 again", "ERROR"))
    assert [(hit.text, found(hit)) for hit in search(path, Needle("20"))] == [
        ("and 20 again", "20"),
        ("row 20 of 2025-08-20", "20"),
    ]
    assert path.read_text().startswith("2025-08-20T12:00:00.000000Z INFO")
    assert search(path, Needle("12:00")) == search(path, Needle("info")) == []
    assert search(path, Needle(r"12:\d+", is_regex=True)) == []
    assert texts(search(path, Needle("fine"), Needle("info"))) == []
    assert texts(search(path, Needle("fine"), Needle("info", is_not=True))) == ["fine"]


def test_levels_hold_for_further_lines_and_need_no_text(path: Path) -> None:
    write(path, say("a\ntimeout", "ERROR"), say("b timeout", "WARNING"), b"torn timeout\n")
    grave = frozenset({ERROR, CRITICAL})
    assert texts(search(path, Needle("timeout"), levels=grave)) == ["timeout"]
    assert texts(search(path, levels=grave)) == ["a"]
    assert texts(search(path)) == ["torn timeout", "b timeout", "a"]


def test_what_is_older_is_left_out_and_not_even_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_search, "SLICE", 400)
    write(path, *(say(f"row {n}", at=n) for n in range(1000)))
    scan = LogScan(LogQuery((Needle("row"),), since=NOON + 990))
    assert [hit.text for hit in scan.hits(path)] == [f"row {n}" for n in range(999, 989, -1)]
    assert scan.bytes < 3000


def test_somebody_who_has_had_enough_gets_no_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_search, "SLICE", 400)
    write(path, *(say(f"row {n}") for n in range(1000)))
    scan = LogScan(LogQuery((Needle("row"),)))
    hits = scan.hits(path)
    assert next(hits).text == "row 999"
    scan.is_cancelled = True
    assert len(list(hits)) < 10


def test_a_line_of_ten_megabytes_is_searched_and_told_in_part(path: Path) -> None:
    write(path, say("a" * 10_000_000 + " needle " + "b" * 1000), say("small needle"))
    small, long = search(path, Needle("needle"))
    assert (small.line, long.line) == (1, 0)
    assert len(long.text) <= log_search.EXCERPT
    assert found(long) == "needle"


def test_a_regular_expression_that_takes_squares_is_kept_short(path: Path) -> None:
    write(path, say("a" * 3_000_000), say("b needle c"))
    assert texts(search(path, Needle(r".*x.*needle|needle.*c", is_regex=True))) == ["b needle c"]


def test_a_record_beyond_all_bounds_is_looked_through_in_pieces(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "SLICE", 300)
    monkeypatch.setattr(log_search, "MAX_RECORD", 1200)
    write(path, say("head\n" + "\n".join(f"part {n}" for n in range(500))), say("last"))
    assert texts(search(path, Needle("part 7"))) == [
        *(f"part {n}" for n in range(79, 69, -1)), "part 7",
    ]  # fmt: skip


def test_colours_are_left_out_and_the_match_is_still_marked(path: Path) -> None:
    write(path, say("\x1b[31mred\x1b[0m and a \x1b[1mtime\x1b[0mout, then \x1b[2Jnot"))
    (hit,) = search(path, Needle("and a"))
    assert (hit.text, found(hit)) == ("red and a timeout, then \x1b[2Jnot", "and a")


def test_no_log_and_a_link_have_no_hits(path: Path) -> None:
    assert search(path, Needle("x")) == []
    (path.parent / "real").write_bytes(say("x"))
    path.symlink_to(path.parent / "real")
    assert search(path, Needle("x")) == []


@pytest.mark.parametrize("seed", range(8))
def test_it_finds_what_a_plain_reader_finds(path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(log_search, "SLICE", 700)
    dice = random.Random(seed)
    words = ["load", "Timeout", "über", "x" * 40, "row 7", "İ", "", "\x1b[31m", "née"]
    for number in range(150):
        lines = [" ".join(dice.choices(words, k=dice.randrange(4))) for _ in range(dice.choice((1, 1, 1, 4)))]
        write(path, say("\n".join(lines), dice.choice(log.LEVELS), dice.choice((None, 0, 3)), at=number))
    file = LogFile(path)
    file.refresh()
    for text, is_regex in (
        ("timeout", False),
        ("Timeout", False),
        ("über", False),
        (r"row \d", True),
        ("load", False),
    ):
        needle = Needle(text, is_regex)
        lines = [line for line in range(len(file)) if needle.any_case.search(file.text(line))]
        hits = search(path, needle)
        assert [hit.line for hit in hits] == lines[::-1]
        for hit in hits:
            head = file.head(hit.line)
            assert (hit.level, hit.task_run) == (head.level, head.task_run)
            match = needle.any_case.search(found(hit))
            assert match is not None and match.group() == found(hit)
            raw = path.read_bytes()[hit.offset :].partition(b"\n")[0]
            assert raw.decode() == file.text(hit.line)


def test_the_lines_around_a_hit_have_their_numbers(path: Path) -> None:
    write(path, *(say(f"row {n}") for n in range(2000)))
    (hit,) = search(path, Needle("row 1234"))
    lines = around(path, hit, before=2, after=3)
    assert [number for number, _ in lines] == [1232, 1233, 1234, 1235, 1236]
    assert lines[2][1].endswith("row 1234")
    (first,) = search(path, Needle("row 0"))
    assert [number for number, _ in around(path, first, before=2, after=2)] == [0, 1]
    path.unlink()
    assert around(path, hit) == []
