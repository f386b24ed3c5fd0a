"""What went wrong in the author's code, as journal and history tell it."""

from typing import NamedTuple


class Failure(NamedTuple):
    """An exception of the author's code, as text: nothing here is ever evaluated or unpickled."""

    type: str
    """The exception's class, with its module unless it is a builtin or ours."""
    message: str
    traceback: str
    """As the interpreter would print it."""
    path: str = ""
    """The innermost frame in the project's own files, where an editor should open; may be empty."""
    line: int = 0
    function: str = ""
