"""What the screens say, as pure functions of what the history says. Nothing in here imports Textual.

A line of the screen is a list of spans, `(text, role)`; the widgets turn a role into a colour (`widgets.paint`), and
make every text safe while they do.
"""

Span = tuple[str, str]
"""A piece of text and the role that it plays, one of `glyphs.ROLES` or "" for plain text."""
Line = list[Span]


def joined(line: Line) -> Line:
    """The same line in as few spans as can be: each costs some twenty bytes. Blanks look the same in any role."""
    found: Line = []
    for text, role in line:
        if found and (found[-1][1] == role or not text.strip(" ")):
            found[-1] = (found[-1][0] + text, found[-1][1])
        elif text:
            found.append((text, role))
    return found


def text_of(line: Line) -> str:
    """The line without its roles."""
    return "".join(text for text, _ in line)
