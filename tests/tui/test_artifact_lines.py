"""Artifacts as lines of text."""

import base64
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tui_flow.store.records import Artifact
from tui_flow.tui.presentation import artifacts, glyphs, text_of


def made(type: str, data: Any, **changes: Any) -> Artifact:
    return Artifact(1, "id", 7, 0, type, None, None, data, 100.0, 110.0)._replace(**changes)


def text(artifact: Artifact, width: int = 40, **how: Any) -> list[str]:
    return [text_of(line) for line in artifacts.lines(artifact, width, glyphs.ASCII, 111.0, **how)]


def test_markdown_looks_like_what_it_is_and_a_link_says_where_it_leads() -> None:
    source = "# Report\n\n**3** rows, see [the source](https://a.b/c)\n```sql\nselect 1\n```\n- [x](x)"
    assert text(made("markdown", source)) == [
        "Report", "------", "", "3 rows, see the source <https://a.b/c>", "", "  select 1", "", "- x",
    ]  # fmt: skip


def test_lists_tables_and_quotations_keep_their_form() -> None:
    source = "- one\n  - two\n    more of it\n- three\n\n3. third\n4. fourth\n\n"
    source += "| name | n |\n|---|--:|\n| a | 1 |\n| **b** | 22 |\n\n> said\n>\n> again\n\n---\n"
    source += "![plot](https://a.b/p.png)"
    assert text(made("markdown", source)) == [
        "- one", "  - two", "    more of it", "- three", "", "3. third", "4. fourth", "",
        "name   n", "--------", "a      1", "b     22", "", "| said", "| ", "| again", "", "-" * 40, "",
        "image plot <https://a.b/p.png>",
    ]  # fmt: skip


def test_a_wide_table_in_markdown_is_cut_to_the_width() -> None:
    lines = text(made("markdown", f"| a | b |\n|---|---|\n| {'x' * 90} | end |"))
    assert all(len(line) <= 40 for line in lines) and lines[-1].endswith("end")


def test_nothing_in_markdown_is_obeyed() -> None:
    hostile = "<script>x</script> [/x] [@click=app.quit]q[/] \x1b[31m\n\n[a](javascript:x)"
    assert "[@click=app.quit]q[/]" in text(made("markdown", hostile))[0]
    assert "<script>x</script>" in text(made("markdown", hostile))[0]
    assert "javascript:x" in text(made("markdown", hostile))[-1]


@pytest.mark.parametrize("piece", ["![", "- ", "|a"], ids=str)
def test_markdown_that_never_ends_is_laid_out_in_time(piece: str) -> None:
    begun = time.process_time()
    lines = text(made("markdown", piece * 40_000))
    assert "more letters" in lines[-1]
    assert time.process_time() - begun < 2.0


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"\0" * 2000
JPEG = (
    b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08"
    + (48).to_bytes(2, "big")
    + (64).to_bytes(2, "big")
    + b"\0" * 9
)


def test_an_image_tells_its_kind_and_size_where_it_is_here(tmp_path: Path) -> None:
    for name, data in (("a.png", PNG), ("b.jpg", JPEG), ("c.gif", b"GIF89a\x02\0\x03\0")):
        (tmp_path / name).write_bytes(data)
    png = text(made("image", (tmp_path / "a.png").as_uri()), 200)[0]
    assert png.startswith("image  ") and png.endswith("a.png  PNG  640 x 480  2.0 KiB")
    assert text(made("image", str(tmp_path / "b.jpg")))[0].endswith("JPEG  64 x 48  26 B")
    assert text(made("image", str(tmp_path / "c.gif")))[0].endswith("GIF  2 x 3  10 B")
    encoded = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert text(made("image", encoded)) == ["image  data:image/png  PNG  640 x 480  2.0 KiB"]


def test_an_image_elsewhere_is_not_asked_for_and_one_that_is_gone_says_so(tmp_path: Path) -> None:
    assert text(made("image", "https://a.b/plot.jpg")) == ["image  https://a.b/plot.jpg  JPEG"]
    assert text(made("image", "plots/day.svg")) == ["image  plots/day.svg  SVG"]
    assert text(made("image", str(tmp_path / "gone.png")))[0].endswith("there is no such file")
    os.mkfifo(tmp_path / "pipe")
    assert text(made("image", str(tmp_path / "pipe")))[0].endswith("there is no such file")
    assert text(made("image", "data:,")) and text(made("image", "data:image/png;base64,%%%"))


@pytest.mark.parametrize(
    "table",
    [
        [{"day": "mon", "rows": 3}, {"day": "tue", "rows": None}],
        {"day": ["mon", "tue"], "rows": [3]},
    ],
    ids=["rows", "columns"],
)
def test_a_table_stands_in_columns_whatever_its_form(table: Any) -> None:
    lines = text(made("table", table))
    assert lines[0] == "day  rows"
    assert lines[2:] == ["mon  3", "tue"]


def test_a_table_of_bare_rows_has_no_header() -> None:
    assert text(made("table", [[1, "a"], [22, "b", "c"]])) == ["1   a", "22  b  c"]


def test_a_table_that_is_too_wide_cuts_its_widest_columns_and_a_long_one_says_how_much_is_left() -> None:
    lines = text(made("table", [{"id": n, "what": "x" * 90, "who": "me"} for n in range(250)]))
    assert all(len(line) <= 40 for line in lines[:-1])
    assert lines[2].startswith("0    xxx") and lines[2].endswith("me") and "~" in lines[2]
    assert lines[-1] == "50 more rows: --json has all"


@pytest.mark.parametrize("data", [[], {}, [[]], "text", 7, None, [{}]])
def test_odd_tables_are_shown_and_break_nothing(data: Any) -> None:
    assert artifacts.lines(made("table", data), 20, glyphs.UNICODE, 0.0)


def test_progress_is_a_bar_with_an_estimate_while_it_goes_on() -> None:
    half = made("progress", {"done": 30, "total": 60, "unit": "rows"})
    assert text(half, is_live=True) == [
        f"{glyphs.ASCII.bar * 12}{glyphs.ASCII.waiting * 12}  50%  30/60 rows  ~9s"
    ]
    assert text(half)[0].endswith("50%  30/60 rows")
    assert text(made("progress", {"done": 62.5, "total": 100, "unit": "%"}))[0].endswith(" 62%")
    assert text(made("progress", {"done": 5, "total": None})) == ["5"]
    assert text(made("progress", {"done": 70, "total": 60}), is_live=True)[0].endswith("100%  70/60")


@pytest.mark.parametrize("data", [None, "x", {}, {"done": "x", "total": {}}, {"done": 1, "total": 0}])
def test_a_progress_that_is_none_is_shown_all_the_same(data: Any) -> None:
    assert artifacts.lines(made("progress", data), 20, glyphs.UNICODE, 0.0, is_live=True)
