"""Text from flows, files and other people, made safe for a terminal.

Escape sequences, C1 bytes and bidirectional controls can move the cursor, set the clipboard or show other text than
there is. Whatever did not come from this project's own source passes through here before it is shown, by the console
and by the command line alike.
"""

import re

_UNSAFE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def safe(text: str) -> str:
    """One line that a terminal shows as it is: tabs are kept, control characters become pictures of themselves
    ("␛", "␊"), and what has no picture becomes "�"."""
    return _UNSAFE.sub(_picture, text)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "�"


def safe_lines(text: str) -> list[str]:
    """The lines of a text, each of them safe. A "\\r\\n" ends a line as "\\n" does."""
    return [safe(line) for line in text.replace("\r\n", "\n").split("\n")]
