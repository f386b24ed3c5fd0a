"""Python source, with the roles that its words play."""

import ast
import io
import keyword
import tokenize

from tui_flow.contract.flow_names import same_name
from tui_flow.counting import counted
from tui_flow.tui.presentation import Line

MAX_LINES = 20_000
"""Of a longer text the rest is left out, and it says so."""


def code_lines(text: str, mark: int = 0) -> list[Line]:
    """The lines with their numbers; line `mark` (from 1) stands out."""
    texts = lines_of(text)
    roles = _roles(text) if len(texts) <= MAX_LINES else {}
    digits = len(str(len(texts)))
    lines: list[Line] = []
    for number, line in enumerate(texts[:MAX_LINES], 1):
        head: Line = [("!" if number == mark else " ", "bad"), (f"{number:>{digits}}  ", "dim")]
        lines.append([*head, *_spans(line, roles.get(number, ()))])
    if len(texts) > MAX_LINES:
        lines.append([(f"{counted(len(texts) - MAX_LINES, 'more line')} not shown", "warn")])
    return lines


def line_of(text: bytes, name: str) -> int:
    """The line of the decorated function that makes the task or flow of this name; 0 where none does."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return 0
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.decorator_list:
            named = [_named(decorator) for decorator in node.decorator_list]
            names = list(filter(None, named)) or [node.name]
            if any(same_name(name, one) for one in names):
                return node.lineno
    return 0


def _named(decorator: ast.expr) -> str:
    """The name that a decorator gives: `@task(name="load")`."""
    given = decorator.keywords if isinstance(decorator, ast.Call) else ()
    values = (keyword.value for keyword in given if keyword.arg == "name")
    return next((str(value.value) for value in values if isinstance(value, ast.Constant)), "")


def lines_of(text: str) -> list[str]:
    """The lines as Python counts them: a form feed or a line separator ends none."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


Piece = tuple[int, int, str]
"""First and last column, and a role."""


def _roles(text: str) -> dict[int, list[Piece]]:
    """The pieces of each line that have a role. A text that is no Python has them up to where it goes wrong."""
    found: dict[int, list[Piece]] = {}
    before = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            role = _role(token, before)
            if role:
                _add(found, token, role)
            if token.type not in (tokenize.NL, tokenize.COMMENT):
                before = token.string
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def _role(token: tokenize.TokenInfo, before: str) -> str:
    if token.type == tokenize.COMMENT:
        return "dim"
    if token.type in (
        tokenize.STRING,
        tokenize.FSTRING_MIDDLE if hasattr(tokenize, "FSTRING_MIDDLE") else -1,
    ):
        return "ok"
    if token.type == tokenize.NUMBER:
        return "warn"
    if token.type == tokenize.OP and token.string == "@":
        return "gone"
    if token.type == tokenize.NAME:
        if keyword.iskeyword(token.string):
            return "live"
        return "strong" if before in ("def", "class") else "gone" if before == "@" else ""
    return ""


def _add(found: dict[int, list[Piece]], token: tokenize.TokenInfo, role: str) -> None:
    """A token over several lines has a piece in each of them."""
    (first, start), (last, end) = token.start, token.end
    for number in range(first, last + 1):
        piece = (start if number == first else 0, end if number == last else 1_000_000, role)
        found.setdefault(number, []).append(piece)


def _spans(line: str, pieces: "list[Piece] | tuple[()]") -> Line:
    spans: Line = []
    at = 0
    for start, end, role in pieces:
        if start > at:
            spans.append((line[at:start], ""))
        spans.append((line[start:end], role))
        at = min(end, len(line))
    return [*spans, (line[at:], "")]
