"""Regular expressions that somebody types.

They are those of the `regex` package, which has Python's syntax: `re` can neither be stopped nor lets another thread work
while it looks, so that one like `(a|aa)+$` would hold up the console for good.
"""

import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from tui_flow.contract.errors import RequestError

if TYPE_CHECKING:
    import regex

SECONDS = 2.0
"""One look at a text may take so long; most take a hundredth of a second for a mebibyte."""


class TooSlow(RequestError):
    """A look at a text took longer than it may."""


class Pattern:
    """One of them. Whatever it is asked once it was too slow, it says so at once."""

    def __init__(self, text: str, flags: int = 0) -> None:
        """`flags` are those of `re`. Raises ValueError that says what is wrong with the text."""
        import regex  # takes longer to load than the first frame may wait

        self._text = text
        self.too_slow: TooSlow | None = None
        try:
            self._pattern = regex.compile(text, flags)
        except (regex.error, OverflowError, RecursionError) as error:
            raise ValueError(f"/{text}/ is not a regular expression: {error}") from None

    def search(self, text: str, start: int = 0, end: int = sys.maxsize) -> "regex.Match[str] | None":
        """The first match between two places. Raises TooSlow."""
        if self.too_slow is not None:
            raise self.too_slow
        try:
            return self._pattern.search(text, start, end, timeout=SECONDS, concurrent=True)
        except TimeoutError:
            self.too_slow = TooSlow(
                f"/{self._text}/ takes too long", next="a repeat within a repeat, such as (a+)+, often is why"
            )
            raise self.too_slow from None

    def finditer(self, text: str) -> "Iterator[regex.Match[str]]":
        """All matches, as those of `re`. Raises TooSlow."""
        at = 0
        while at <= len(text) and (match := self.search(text, at)) is not None:
            yield match
            at = max(match.end(), match.start() + 1)


pattern = lru_cache(maxsize=64)(Pattern)
"""The same one for the same text and flags."""
