"""What the palette offers, and which of it fits what somebody types."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

PREFIXES = {">": "action", "#": "run", "@": "flow", "?": "action"}
"""What is typed first says what is looked for."""


class Offer(NamedTuple):
    """One thing that can be done from where the palette was opened."""

    kind: str
    """ "action", "flow" or "run"."""
    title: str
    about: str
    """What it is about, in a few words: a state, a path."""
    key: str
    """The key that does the same, as it is written for people; empty where there is none."""
    act: Callable[[], Any]
    role: str = ""
    """How `about` looks."""
    is_idle: bool = False
    """Whether it would do nothing now: who chooses it hears why."""
    name: str = ""
    """The action's name in keys.toml."""


def matching(offers: Sequence[Offer], typed: str) -> list[Offer]:
    """Those that have all the words, the best first: what begins with the text, then what has it as it is, then what has
    its words somewhere."""
    kind, text = None, typed.strip().casefold()
    if text[:1] in PREFIXES:
        kind, text = PREFIXES[text[0]], text[1:].strip()
    words = text.split()
    found = [
        (_rank(offer, text), place, offer)
        for place, offer in enumerate(offers)
        if (kind is None or offer.kind == kind) and all(word in _words_of(offer) for word in words)
    ]
    return [offer for _, _, offer in sorted(found, key=lambda item: item[:2])]


def _rank(offer: Offer, text: str) -> int:
    title = offer.title.casefold()
    if title.startswith(text):
        return 0
    return 1 if text in title else 2


def _words_of(offer: Offer) -> str:
    return f"{offer.title} {offer.about} {offer.key}".casefold()
