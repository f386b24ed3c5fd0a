"""Markdown in lines of text: headings, lists, tables, code and links look like what they are.

Nothing of it acts: HTML is text, and a link's target stands behind it instead of being followed unseen.
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui_flow.safe import safe
from tui_flow.tui.presentation import Line, text_of
from tui_flow.tui.presentation.cells import short
from tui_flow.tui.presentation.glyphs import Marks

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_TEXT = 32_768
"""Letters of a text that are laid out; what comes after them is only counted."""
GAP = "  "


@lru_cache(maxsize=64)
def markdown_lines(text: str, width: int, marks: Marks) -> tuple[Line, ...]:
    """The whole text. `width` is in cells: tables are cut to it, everything else may be longer."""
    laid_out = _Layout(width, marks)
    laid_out.take(_parser().parse(text[:MAX_TEXT].expandtabs(4)))
    lines = laid_out.lines or [[("an empty text", "dim")]]
    if len(text) > MAX_TEXT:
        lines = [*lines, [], [(f"{len(text) - MAX_TEXT:,} more letters: --json has all", "dim")]]
    return tuple(lines)


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


class _Layout:
    """What has been laid out so far, and what the next line is inside of."""

    def __init__(self, width: int, marks: Marks) -> None:
        self.lines: list[Line] = []
        self._width, self._marks = width, marks
        self._indents: list[Line] = []
        """What stands before every line of the lists and quotations that are open."""
        self._bullet = ""
        """What the next line begins with, in place of the innermost indent."""
        self._numbers: list[int | None] = []
        """The next number of each open list; None of one with bullets."""
        self._heading = 0
        self._cells: list[list[Line]] = []
        self._right: set[int] = set()
        """The columns of the open table whose cells stand on the right."""

    def take(self, tokens: "Sequence[Token]") -> None:
        for token in tokens:
            act: Callable[[Token], None] | None = getattr(self, f"_{token.type}", None)
            if act is not None:
                act(token)
            elif token.content:
                self._add([(token.content, "")])

    def _add(self, line: Line) -> None:
        before = [span for indent in self._indents for span in indent]
        if self._bullet and before:
            before[-1] = (self._bullet, "strong")
            self._bullet = ""
        self.lines.append([*before, *line])

    def _space(self) -> None:
        """A blank line, but not first, not twice, and not between a bullet and its text."""
        is_blank = not self.lines or not text_of(self.lines[-1]).strip(f" {self._marks.axis}")
        if not is_blank and not self._bullet:
            self._add([])

    # Blocks.

    def _heading_open(self, token: "Token") -> None:
        self._space()
        self._heading = int(token.tag[1:])

    def _heading_close(self, _: "Token") -> None:
        if self._heading == 1:
            length = min(self._width, cell_len(text_of(self.lines[-1])))
            self._add([(self._rule * length, "frame")])
        self._heading = 0

    @property
    def _rule(self) -> str:
        return self._marks.rule[:1]

    def _paragraph_open(self, token: "Token") -> None:
        if not token.hidden:
            self._space()

    def _paragraph_close(self, _: "Token") -> None: ...

    def _inline(self, token: "Token") -> None:
        rows = _rows(token.children or (), "strong" if self._heading else "")
        if self._cells:
            self._cells[-1].append([span for row in rows for span in row])
            return
        for row in rows:
            self._add(row)

    def _fence(self, token: "Token") -> None:
        self._space()
        for text in token.content.rstrip("\n").split("\n"):
            self._add([(f"  {text}", "live")])

    _code_block = _fence

    def _hr(self, _: "Token") -> None:
        self._space()
        self._add([(self._rule * max(3, min(self._width, 40)), "frame")])

    def _blockquote_open(self, _: "Token") -> None:
        self._space()
        self._indents.append([(f"{self._marks.axis} ", "frame")])

    def _blockquote_close(self, _: "Token") -> None:
        self._indents.pop()

    def _bullet_list_open(self, _: "Token") -> None:
        if not self._numbers:
            self._space()
        self._numbers.append(None)

    def _ordered_list_open(self, token: "Token") -> None:
        if not self._numbers:
            self._space()
        self._numbers.append(int(token.attrGet("start") or 1))

    def _list_item_open(self, _: "Token") -> None:
        number = self._numbers[-1]
        self._bullet = f"{'-' if self._marks.ascii else '•'} " if number is None else f"{number}. "
        if number is not None:
            self._numbers[-1] = number + 1
        self._indents.append([(" " * len(self._bullet), "")])

    def _list_item_close(self, _: "Token") -> None:
        if self._bullet:
            self._add([])
        self._indents.pop()

    def _list_close(self, _: "Token") -> None:
        self._numbers.pop()

    _bullet_list_close = _ordered_list_close = _list_close

    # Tables.

    def _table_open(self, _: "Token") -> None:
        self._space()
        self._right = set()

    def _tr_open(self, _: "Token") -> None:
        self._cells.append([])

    def _th_open(self, token: "Token") -> None:
        if "right" in str(token.attrGet("style") or ""):
            self._right.add(len(self._cells[-1]))

    def _table_close(self, _: "Token") -> None:
        rows, self._cells = self._cells, []
        texts = [[safe(text_of(cell)) for cell in row] for row in rows]
        room = self._width - sum(cell_len(text_of(indent)) for indent in self._indents)
        widths = column_widths(texts, room)
        for place, row in enumerate(texts):
            text = table_row(row, widths, self._marks, self._right)
            self._add([(text, "" if place else "strong")])
            if not place:
                self._add([(self._rule * min(room, sum(widths) + len(GAP) * (len(widths) - 1)), "frame")])


def _rows(tokens: "Sequence[Token]", role: str) -> list[Line]:
    """The spans of a text with emphasis, code and links; a line that its author broke stays broken."""
    rows: list[Line] = [[]]
    roles, targets, label = [role], [""], ""
    for token in tokens:
        text = token.content
        if token.type in ("softbreak", "hardbreak"):
            rows.append([])
        elif token.type == "strong_open":
            roles.append("strong")
        elif token.type == "s_open":
            roles.append("dim")
        elif token.type in ("strong_close", "s_close"):
            roles.pop()
        elif token.type == "link_open":
            roles.append("key")
            targets.append(str(token.attrGet("href") or ""))
            label = ""
        elif token.type == "link_close":
            roles.pop()
            target = targets.pop()
            if target and target != label:
                rows[-1].append((f" <{target}>" if label else target, "dim"))
        elif token.type == "image":
            rows[-1] += [
                ("image ", "dim"),
                (f"{text} " if text else "", ""),
                (f"<{token.attrGet('src')}>", "dim"),
            ]
        elif text:
            label += text
            rows[-1].append((text, "live" if token.type == "code_inline" else roles[-1]))
    return [[span for span in row if span[0]] for row in rows]


# Tables of any origin.


def column_widths(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """As wide as the texts; where that is too much, the widest columns give way."""
    count = max(map(len, rows), default=0)
    widths = [max(1, *(cell_len(row[place]) for row in rows if place < len(row))) for place in range(count)]
    spare = sum(widths) + len(GAP) * (count - 1) - width
    while spare > 0 and max(widths) > 4:
        widest = max(widths)
        second = max([one for one in widths if one < widest], default=4)
        many = widths.count(widest)
        cut = min(widest - max(second, 4) or 1, -(-spare // many))
        widths = [one - cut if one == widest else one for one in widths]
        spare -= cut * many
    return widths


def table_row(
    texts: Sequence[str],
    widths: Sequence[int],
    marks: Marks,
    right: "set[int] | frozenset[int]" = frozenset(),
) -> str:
    """One row; `right` are the columns whose texts stand on the right."""
    cells = []
    for place, wide in enumerate(widths):
        text = texts[place] if place < len(texts) else ""
        cut = short(text, wide, marks.ellipsis)
        blank = " " * (wide - cell_len(cut))
        cells.append(blank + cut if place in right else cut + blank)
    return GAP.join(cells).rstrip()
