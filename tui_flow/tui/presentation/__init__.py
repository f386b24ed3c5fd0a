"""What the screens say, as pure functions of what the history says. Nothing in here imports Textual.

A line of the screen is a list of spans, `(text, role)`; the widgets turn a role into a colour (`widgets.paint`), and
make every text safe while they do.
"""

Span = tuple[str, str]
"""A piece of text and the role that it plays, one of `glyphs.ROLES` or "" for plain text."""
Line = list[Span]


def text_of(line: Line) -> str:
    """The line without its roles."""
    return "".join(text for text, _ in line)
