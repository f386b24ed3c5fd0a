"""Artifacts as lines of text."""

from typing import Any

import pytest

from tui_flow.store.records import Artifact
from tui_flow.tui.presentation import artifacts, glyphs, text_of


def made(type: str, data: Any, **changes: Any) -> Artifact:
    return Artifact(1, "id", 7, 0, type, None, None, data, 100.0, 110.0)._replace(**changes)


def text(artifact: Artifact, width: int = 40, **how: Any) -> list[str]:
    return [text_of(line) for line in artifacts.lines(artifact, width, glyphs.ASCII, 111.0, **how)]


def test_markdown_reads_as_written_and_a_link_says_where_it_leads() -> None:
    source = "# Report\n\n**3** rows, see [the source](https://a.b/c)\n```sql\nselect 1\n```\n- [x](x)"
    assert text(made("markdown", source)) == [
        "Report", "", "3 rows, see the source <https://a.b/c>", "  select 1", "- x",
    ]  # fmt: skip


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
    assert text(half, is_live=True) == [f"{'=' * 12}{glyphs.ASCII.waiting * 12}  50%  30/60 rows  ~9s"]
    assert text(half)[0].endswith("50%  30/60 rows")
    assert text(made("progress", {"done": 62.5, "total": 100, "unit": "%"}))[0].endswith(" 62%")
    assert text(made("progress", {"done": 5, "total": None})) == ["5"]
    assert text(made("progress", {"done": 70, "total": 60}), is_live=True)[0].endswith("100%  70/60")


@pytest.mark.parametrize("data", [None, "x", {}, {"done": "x", "total": {}}, {"done": 1, "total": 0}])
def test_a_progress_that_is_none_is_shown_all_the_same(data: Any) -> None:
    assert artifacts.lines(made("progress", data), 20, glyphs.UNICODE, 0.0, is_live=True)
