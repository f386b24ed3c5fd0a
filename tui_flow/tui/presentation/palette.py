"""What the palette offers, and which of it fits what somebody types."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

PREFIXES = {
    ">": ("action", "elsewhere"), "#": ("run",), "@": ("flow",), "!": ("alert",), "'": ("view",), "?": ("action", "help", "elsewhere"),
}  # fmt: skip
"""What is typed first says what is looked for."""


class Offer(NamedTuple):
    """One thing that can be done from where the palette was opened."""

    kind: str
    """ "action", "flow", "run", "alert" or "view"; "elsewhere" is an action of another place, which is found by its name
    only, and "help" one that is for keys."""
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
    words: str = ""
    """What else it is found by."""

    def unless(self, why_not: str, tell: Callable[[str], Any]) -> "Offer":
        """The same; or where something is in the way, an entry that says what, and tells it when it is chosen."""
        if not why_not:
            return self
        told = partial(tell, f"{self.title}: not possible, {why_not}")
        return self._replace(about=f"not possible: {why_not}", act=told, role="dim", is_idle=True)


def matching(offers: Sequence[Offer], typed: str) -> list[Offer]:
    """Those that have all the words, the best first: what begins with the text, then what has a word that does, then
    what is also called so, then what has the words somewhere. What would do nothing comes last among its equals."""
    text = typed.strip().casefold()
    kinds = PREFIXES.get(text[:1])
    if kinds is not None:
        text = text[1:].strip()
    words = text.split()
    found = [
        (_rank(offer, text), bool(text) and offer.is_idle, place, offer)
        for place, offer in enumerate(offers)
        if (offer.kind in kinds if kinds else offer.kind != "help")
        and (text or offer.kind != "elsewhere")
        and all(_has(offer, word) for word in words)
    ]
    return [offer for *_, offer in sorted(found, key=lambda item: item[:3])]


def _rank(offer: Offer, text: str) -> int:
    title, later = offer.title.casefold(), 4 if offer.kind == "elsewhere" else 0
    if title.startswith(text):
        return later
    if f" {text}" in title:
        return later + 1
    return later + (2 if f" {text}" in f" {offer.words}" else 3)


def _has(offer: Offer, word: str) -> bool:
    """Why something is not possible is nothing to find it by; what is elsewhere is found by how its words begin."""
    if f" {word}" in f" {offer.title} {offer.words}".casefold():
        return True
    about = "" if offer.is_idle else offer.about
    return offer.kind != "elsewhere" and word in f"{offer.title} {about} {offer.key}".casefold()
