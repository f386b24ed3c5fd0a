"""What a log message looks like: its own colours, what was searched for, and where it breaks."""

import re
from collections.abc import Iterable, Sequence

from rich.cells import split_graphemes
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from tui_flow.patterns import TooSlow
from tui_flow.safe import safe
from tui_flow.store.log_search import Needle
from tui_flow.tui.widgets.paint import AnySpan

_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")


def breaks(message: Strip, room: int) -> list[int]:
    """Where to break a message into rows of at most so many cells: after a blank if there is one near the end, and
    before a wide character that has no room."""
    text = message.text
    if len(text) != message.cell_length:
        return _breaks_around_wide(text, room)
    found, start = [], 0
    while len(text) - start > room:
        blank = text.rfind(" ", start + room * 2 // 3, start + room)
        start = blank + 1 if blank > 0 else start + room
        found.append(start)
    return found


def _breaks_around_wide(text: str, room: int) -> list[int]:
    """The same for a text with characters that take two cells, or none."""
    found, start, end, blank = list[int](), 0, 0, 0
    for first, last, cells in split_graphemes(text)[0]:
        if end + cells - start > room:
            start = blank if blank > start + room * 2 // 3 else end
            found.append(start)
        end += cells
        if text[first:last] == " ":
            blank = end
    return found


def coloured(text: str) -> list[AnySpan]:
    """The spans of a text that has colours of its own. Only colour and weight are kept: no link, no other sequence."""
    pieces = _COLOUR.split(text)
    parsed = Text.from_ansi("".join(piece if _COLOUR.match(piece) else safe(piece) for piece in pieces))
    spans: list[AnySpan] = []
    position = 0
    for span in sorted(parsed.spans, key=lambda span: span.start):
        start = max(position, span.start)
        if start > position:
            spans.append((parsed.plain[position:start], ""))
        style = span.style if isinstance(span.style, Style) else Style.null()
        plain = Style(
            color=style.color, bold=style.bold, dim=style.dim, italic=style.italic, underline=style.underline
        )
        spans.append((parsed.plain[start : span.end], plain))
        position = max(position, span.end)
    return [*spans, (parsed.plain[position:], "")]


def highlighted(spans: Sequence[AnySpan], needles: Iterable[Needle]) -> list[AnySpan]:
    """The spans with every place of the texts marked that are looked for, also where one goes over several of them."""
    whole = "".join(text for text, _ in spans)
    wanted = [needle.any_case for needle in needles if not needle.is_not]
    try:
        places = sorted(match.span() for pattern in wanted for match in pattern.finditer(whole))
    except TooSlow:  # which whoever searched has been told
        return list(spans)
    marked: list[AnySpan] = []
    begin = 0
    for text, role in spans:
        at, end = begin, begin + len(text)
        for first, last in places:
            first, last = max(at, first), min(end, last)
            if first < last:
                marked += [(whole[at:first], role), (whole[first:last], "match")]
                at = last
        marked.append((whole[at:end], role))
        begin = end
    return marked
