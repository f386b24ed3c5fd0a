"""Takes out of a text what looks like a secret, before it leaves the machine."""

import re

from tui_flow.contract.masking import SECRET_WORDS, SECRETS

_NAMES = "|".join(SECRETS + SECRET_WORDS).replace("_", "[_-]?")
"""Also as the end of a longer word: what leaves the machine may lack a harmless word."""
_SECRETS = (
    (re.compile(r"(\w[\w+.-]*://)[^\s/@]+@"), r"\1***@"),
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=-]{8,}"), r"\1 ***"),
    (
        re.compile(
            rf"(?i)((?:{_NAMES})s?)"
            r"([\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&)}\]]+)"
        ),
        r"\1\2***",
    ),
    (re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"), "***"),
    (re.compile(r"\b(gh[pousr]_|glpat-|xox[abprs]-|sk-)[\w-]{10,}"), "***"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "***"),
)


def redacted(text: str) -> str:
    """ "postgresql://etl:hunter2@wh" becomes "postgresql://***@wh", "password=x" becomes "password=***"."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def place_of(url: str) -> str:
    """Of a channel's address what may be shown: "https://hooks.slack.com", "mailto". The rest is often a key."""
    scheme, found, rest = url.partition("://")
    if not found:
        return "address"
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return f"{scheme}://{host}" if scheme in ("http", "https") else scheme
