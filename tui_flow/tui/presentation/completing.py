"""Completing the last word of a filter."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tui_flow.contract.log import LEVELS
from tui_flow.tui.presentation.filters import Words, quoted

SHOWN = 8
"""So many words are offered at once."""
_VALUES: Mapping[str, Sequence[str]] = {
    "level": [level.lower() for level in LEVELS],
    "since": ["24h", "7d", "today", "yesterday"],
    "day": ["today", "yesterday"],
}


class Completion(NamedTuple):
    """What a text can become."""

    text: str
    """As far as there is only one way to go on."""
    words: list[str]
    """What the last word could be, where there are several ways."""


def complete(text: str, words: Words, known: Mapping[str, Sequence[str]]) -> Completion:
    """Completes a field, or the value of one; `known` has the names that there are, by field."""
    values = {**_VALUES, "state": list(words.states), "is": words.groups, **known}
    before, space, token = text.rpartition(" ")
    sign = "-" if token.startswith("-") else ""
    field, colon, value = token[len(sign) :].partition(":")
    if colon:
        prefix, there = f"{field}:", [quoted(name) for name in values.get(field, ())]
    else:
        prefix, value, there = "", field, [word for word in words.spelled if word != "dur<"]
    fitting = [word for word in there if word.lower().startswith(value.lower())]
    if not fitting:
        return Completion(text, [])
    end = " " if colon and len(fitting) == 1 else ""
    whole = f"{before}{space}{sign}{prefix}{_begin_of(fitting)}{end}"
    return Completion(whole, fitting[:SHOWN] if len(fitting) > 1 else [])


def _begin_of(words: Sequence[str]) -> str:
    """How all of them begin."""
    same = 0
    while all(same < len(word) and word[same] == words[0][same] for word in words):
        same += 1
    return words[0][:same]
