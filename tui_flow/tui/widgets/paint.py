"""From spans to strips: the one place where text from flows meets the terminal, and is made safe."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from tui_flow.safe import safe
from tui_flow.tui.keymap import Keymap
from tui_flow.tui.presentation import Line
from tui_flow.tui.presentation.cells import short
from tui_flow.tui.presentation.glyphs import ASCII, UNICODE

_PLAINER = str.maketrans("…—“”", '~-""')
"""What this program itself writes beyond ASCII, besides the shapes of states."""
AnySpan = tuple[str, str | Style]
"""A piece of text and its role, or (for the colours that a log line brings) its style."""


class Paint:
    """The styles of roles in one theme."""

    def __init__(self, variables: Mapping[str, str], ascii: bool = False) -> None:
        self.marks = ASCII if ascii else UNICODE
        self._variables = variables
        self._styles: dict[str, Style] = {"": Style.null()}

    def style(self, role: str) -> Style:
        style = self._styles.get(role)
        if style is None:
            style = self._styles[role] = self._make(role)
        return style

    def _make(self, role: str) -> Style:
        colour = self._variables.get(f"role-{role}", "")
        attributes = self._variables.get(f"role-{role}-style", "none")
        style = Style.parse(attributes)
        return style + Style(color=Color.parse(colour).rich_color) if colour else style

    def clean(self, text: str) -> str:
        """The text without anything that a terminal would obey, or (where it is a poor one) could not show."""
        text = safe(text).replace("\t", "    ")
        return _plainer(text) if self.marks.ascii and not text.isascii() else text

    def segments(self, spans: Iterable[AnySpan], base: Style) -> list[Segment]:
        """Safe segments; the styles of the spans lie on top of `base`."""
        return [
            Segment(self.clean(text), base + (self.style(role) if isinstance(role, str) else role))
            for text, role in spans
            if text
        ]

    def strip(self, spans: Iterable[AnySpan], width: int, base: Style) -> Strip:
        """A line exactly `width` cells wide; what does not fit is cut, and an ellipsis says so."""
        strip = Strip(self.segments(spans, base))
        if strip.cell_length > width:
            cut = strip.crop(0, max(0, width - 1))
            strip = Strip([*cut, Segment(self.marks.ellipsis, base + self.style("dim"))])
        return strip.adjust_cell_length(width, base)


def _plainer(text: str) -> str:
    """The text in ASCII, in as many cells: a wide character becomes two signs, one that joins another none."""
    plain = text.translate(_PLAINER)
    return "".join(letter if letter.isascii() else "?" * cell_len(letter) for letter in plain)


def changed_cells(before: Strip, now: Strip) -> range:
    """Where two rows of the screen differ, from the first cell that does to the last."""
    if before == now:
        return range(0)
    old, new = _cells(before), _cells(now)
    if len(old) != len(new):
        return range(max(len(old), len(new)))
    places = [place for place, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
    return range(places[0], places[-1] + 1) if places else range(0)


def _cells(strip: Strip) -> list[tuple[str, Style | None]]:
    """What stands in each cell; a wide character stands in two."""
    return [
        (character, segment.style)
        for segment in strip
        for character in segment.text
        for _ in range(cell_len(character))
    ]


def paint_of(widget: Widget) -> Paint:
    """The paint of the console that a widget belongs to."""
    app: Any = widget.app
    return app.paint  # type: ignore[no-any-return]


def keymap_of(widget: Widget) -> Keymap:
    """The keys of the console that a widget belongs to."""
    app: Any = widget.app
    return app.keymap  # type: ignore[no-any-return]


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Text cut or filled to a width in cells, safe."""
    text = short(safe(text).replace("\t", " "), width, ellipsis)
    return text + " " * (width - cell_len(text))


def fit_line(line: Line, width: int, ellipsis: str = "…") -> Line:
    """The same for a line of several roles."""
    fitted: Line = []
    for text, role in line:
        room = width - sum(cell_len(done) for done, _ in fitted)
        if cell_len(safe(text)) >= room:
            return [*fitted, (fit(text, room, ellipsis), role)]
        fitted.append((safe(text), role))
    return [*fitted, (" " * (width - sum(cell_len(done) for done, _ in fitted)), "")]


def wrap_line(line: Sequence[AnySpan], width: int) -> list[list[AnySpan]]:
    """A line as rows of at most so many cells, broken after a blank where one is near; further rows are indented as
    the line is."""
    plain = [(safe(text).replace("\t", "    "), role) for text, role in line]
    whole = "".join(text for text, _ in plain)
    if cell_len(whole) <= width or width < 8:
        return [list(plain)]
    indent = " " * min(len(whole) - len(whole.lstrip()), width // 2)
    characters = [(character, role) for text, role in plain for character in text]
    rows: list[list[AnySpan]] = []
    while characters:
        room = width - (len(indent) if rows else 0)
        cut = _cut(characters, room)
        rows.append([*([(indent, "")] if rows and indent else []), *characters[:cut]])
        characters = characters[cut:]
    return rows


def _cut(characters: Sequence[AnySpan], room: int) -> int:
    """How many of these characters fit, or as many as end with a blank in the last third."""
    cells = blank = 0
    for place, (character, _) in enumerate(characters):
        cells += cell_len(character)
        if cells > room:
            return blank if blank > place * 2 // 3 else max(1, place)
        if character == " ":
            blank = place + 1
    return len(characters)
