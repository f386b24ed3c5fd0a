"""Looks for something in the log of a run, as it lies there: there is no index that could be stale.

A file is read from its end, a slice of whole records at a time, so the newest hits come first and memory stays the same
whatever the file's size. C looks through whole slices; Python sees only what was found there.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract.log import LEVELS, rank_of, stamp_of
from tui_flow.patterns import Pattern, pattern

SLICE = 1024 * 1024
"""The bytes that are looked through between two looks at whether somebody has had enough."""
MAX_RECORD = 16 * SLICE
"""A record that is longer is looked through in pieces."""
MAX_LINE = 16_384
"""Of a longer line a regular expression sees so many characters: some take a square of the length."""
EXCERPT = 2_048
"""The characters of a line that a hit keeps, around what was found."""
ALL_LEVELS = frozenset(range(len(LEVELS)))

_HEAD = re.compile(r"(\S{27}) (\S+) +(?:(\d+)\.(\d+)|-) (\S+): ?")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_BEGIN = re.compile(rb"\n[^\t]")


class Needle(NamedTuple):
    """What is to stand in a record, or not to. Case counts only where there is a capital letter."""

    text: str
    is_regex: bool = False
    is_not: bool = False

    @property
    def folds(self) -> bool:
        return self.text == self.text.lower()

    def pattern(self, flags: int = re.MULTILINE) -> re.Pattern[str] | Pattern:
        return pattern(self.text, flags) if self.is_regex else re.compile(re.escape(self.text), flags)

    @property
    def any_case(self) -> re.Pattern[str] | Pattern:
        """The pattern for a text that is as it was written."""
        return self.pattern(re.MULTILINE | (re.IGNORECASE if self.folds else 0))


class LogQuery(NamedTuple):
    """Which records are wanted: those for which all of this holds."""

    needles: tuple[Needle, ...] = ()
    levels: frozenset[int] = ALL_LEVELS
    """Places in `LEVELS`. What has no level counts as INFO."""
    since: float | None = None
    loggers: tuple[tuple[str, bool], ...] = ()
    """Who is to have said it, or where True is not to: a logger's name, whatever its case, with `*` and `?`; those below
    it count, too."""


class Hit(NamedTuple):
    """A line that was found."""

    line: int
    """Its number in the file, from 0."""
    offset: int
    """Where it begins, in bytes."""
    text: str
    """It, without what a record begins with and without colours, cut to `EXCERPT` characters. Not safe to print."""
    place: tuple[int, int]
    """What was found, in the text."""
    stamp: str
    """When its record was written: ISO 8601, UTC."""
    level: int
    task_run: int | None
    tries: int


class LogScan:
    """One search through any number of logs: how far it has come, and whether somebody has had enough."""

    def __init__(self, query: LogQuery) -> None:
        self.files = self.bytes = 0
        self.left = 0
        """Logs that were there to be read when somebody had had enough."""
        self.is_cancelled = False
        self._levels = query.levels
        self._loggers = [(re.compile(_logger(name), re.IGNORECASE), not_it) for name, not_it in query.loggers]
        self._since = "" if query.since is None else stamp_of(query.since)
        self._first = next((needle for needle in query.needles if not needle.is_not), None)
        self._heads = re.compile(_any_head(query), re.MULTILINE)
        """What is looked for where no text is to be there."""
        others = [needle for needle in query.needles if needle is not self._first]
        self._others = [(needle.any_case, needle.is_not) for needle in others]

    def hits(self, path: Path) -> Iterator[Hit]:
        """What there is in one log, the newest first; nothing where there is no log. Raises TooSlow."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return
        try:
            self.files += 1
            yield from self._hits_of(fd)
        finally:
            os.close(fd)

    def _hits_of(self, fd: int) -> Iterator[Hit]:
        end = os.fstat(fd).st_size
        newlines: int | None = None
        size, passed = end, 0
        while end and not self.is_cancelled:
            start, data = _slice_before(fd, end)
            text = data.decode("utf-8", "surrogateescape")
            found = self._found_in(text, start)
            if found and newlines is None:
                newlines = _count_newlines(fd, size)
            passed += data.count(b"\n")
            above = (newlines or 0) - passed
            self.bytes += len(data)
            yield from (hit._replace(line=above + hit.line) for hit in reversed(found))
            first = _HEAD.match(text)
            if first is not None and first[1] < self._since:
                return
            end = start

    def _found_in(self, text: str, offset: int) -> list[Hit]:
        """The hits in a slice, in order; their lines counted from its beginning."""
        found: list[Hit] = []
        line = counted = passed = record = 0
        head: re.Match[str] | None = None
        places = _matches(self._heads, text) if self._first is None else _places(self._first, text)
        for at, stop in places:
            begin = text.rfind("\n", 0, at) + 1
            nearest = _head_before(text, begin, counted)
            if nearest is not None:
                record, head = nearest, _HEAD.match(text, nearest)
            line += text.count("\n", counted, begin)
            passed += _bytes(text, counted, begin)
            counted = begin
            said = record if head is None else head.end()
            if self._wants(head) and self._others_fit(text, said):
                found.append(_hit(text, (at, stop), begin, line, offset + passed, head))
        return found

    def _wants(self, head: re.Match[str] | None) -> bool:
        if head is None:
            return not self._since and not self._loggers and 1 in self._levels
        return (
            rank_of(head[2]) in self._levels
            and head[1] >= self._since
            and all((pattern.fullmatch(head[5]) is None) is is_not for pattern, is_not in self._loggers)
        )

    def _others_fit(self, text: str, begin: int) -> bool:
        if not self._others:
            return True
        end = begin
        while (end := text.find("\n", end)) >= 0 and text[end + 1 : end + 2] == "\t":
            end += 1
        record = text[begin : end if end >= 0 else len(text)]
        return all(
            (next(_matches(pattern, record), None) is None) is is_not for pattern, is_not in self._others
        )


def lines_with(needle: Needle, text: str) -> Iterator[int]:
    """The lines of a part of a log that have it, from 0, in order."""
    line = counted = 0
    for at, _ in _places(needle, text):
        line += text.count("\n", counted, at)
        counted = at
        yield line


def _places(needle: Needle, text: str) -> Iterator[tuple[int, int]]:
    """What a needle finds, once a line, and nothing in what a record begins with."""
    for at, stop in _raw_places(needle, text):
        head = _HEAD.match(text, text.rfind("\n", 0, at) + 1)
        if head is None or at >= head.end():
            yield at, stop
        elif again := _first_in(needle, text, head.end()):
            yield again


def _raw_places(needle: Needle, text: str) -> Iterator[tuple[int, int]]:
    hay = text.lower() if needle.folds else text  # which is ten times as fast as to ignore case
    if len(hay) != len(text):  # a letter became two
        yield from _matches(needle.any_case, text)
        return
    if needle.is_regex:
        yield from _matches(needle.pattern(), hay)
        return
    at = hay.find(needle.text)
    while at >= 0:
        yield at, at + len(needle.text)
        end = hay.find("\n", at)
        at = hay.find(needle.text, end) if end >= 0 else -1


def _first_in(needle: Needle, text: str, begin: int) -> tuple[int, int] | None:
    """What a needle finds from `begin` to the end of the line."""
    end = text.find("\n", begin)
    line = text[begin : end if end >= 0 else len(text)]
    if not needle.is_regex and needle.text not in (line.lower() if needle.folds else line):
        return None  # which is soon known, of "info" on each line
    match = needle.any_case.search(line[:MAX_LINE] if needle.is_regex else line)
    return None if match is None else (begin + match.start(), begin + match.end())


def _logger(name: str) -> str:
    """A regular expression for a logger's name, and those below it."""
    return re.escape(name).replace(r"\*", r"\S*").replace(r"\?", r"\S") + r"(?:\.\S*)?"


def around(path: Path, hit: Hit, before: int = 12, after: int = 60) -> list[tuple[int, str]]:
    """The lines around a hit, with their numbers; what lies more than 64 KiB away is not among them."""
    reach = 64 * 1024
    try:
        with path.open("rb") as file:
            start = max(0, hit.offset - reach)
            file.seek(start)
            above = file.read(hit.offset - start).split(b"\n")[:-1]
            below = file.read(reach).split(b"\n")
    except OSError:
        return []
    if below and not below[-1]:
        below.pop()
    above = above[max(1 if start else 0, len(above) - before) :]
    lines = [raw[:MAX_LINE].decode("utf-8", "replace") for raw in [*above, *below[:after]]]
    return list(enumerate(lines, hit.line - len(above)))


def _slice_before(fd: int, end: int) -> tuple[int, bytes]:
    """The whole records, about a slice of them, that end at `end`, and where they begin."""
    amount = SLICE
    while True:
        start = max(0, end - amount)
        data = os.pread(fd, end - start, start)
        if start == 0:
            return 0, data
        begin = _BEGIN.search(data)
        if begin is not None:
            return start + begin.start() + 1, data[begin.start() + 1 :]
        if amount >= MAX_RECORD:
            return start, data
        amount *= 4


def _count_newlines(fd: int, size: int) -> int:
    return sum(os.pread(fd, min(SLICE, size - at), at).count(b"\n") for at in range(0, size, SLICE))


def _head_before(text: str, begin: int, least: int) -> int | None:
    """Where the record begins that the line at `begin` belongs to; None where that is further up than `least`."""
    while begin > least and text[begin : begin + 1] == "\t":
        begin = text.rfind("\n", 0, begin - 1) + 1
    return begin if begin == 0 or text[begin : begin + 1] != "\t" else None


def _matches(pattern: re.Pattern[str] | Pattern, text: str) -> Iterator[tuple[int, int]]:
    """The first match of each line; of a very long line, only its beginning is looked at."""
    if _has_long_line(text):
        yield from _matches_by_line(pattern, text)
        return
    at = 0
    while match := pattern.search(text, at):
        yield match.span()
        at = text.find("\n", match.start()) + 1
        if not at or at >= len(text):
            return


def _matches_by_line(pattern: re.Pattern[str] | Pattern, text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin)
        end = len(text) if end < 0 else end
        match = pattern.search(text, begin, min(end, begin + MAX_LINE))
        if match:
            yield match.span()
        begin = end + 1


def _has_long_line(text: str) -> bool:
    begin = 0
    while begin + MAX_LINE < len(text):
        end = text.rfind("\n", begin, begin + MAX_LINE)
        if end < 0:
            return True
        begin = end + 1
    return False


def _hit(
    text: str, found: tuple[int, int], begin: int, line: int, offset: int, head: re.Match[str] | None
) -> Hit:
    end = text.find("\n", begin)
    end = len(text) if end < 0 else end
    is_first = head is not None and head.start() == begin
    said = head.end() if is_first and head is not None else begin + (text[begin : begin + 1] == "\t")
    start = max(said, min(found[0] - EXCERPT // 4, end - EXCERPT))
    first = max(start, min(found[0], end))
    last = max(first, min(found[1], end, start + EXCERPT))
    before, match, after = map(
        _plain, (text[start:first], text[first:last], text[last : min(end, start + EXCERPT)])
    )
    stamp, level, task_run, tries = head.group(1, 2, 3, 4) if head else ("", "", None, None)
    return Hit(
        line, offset, before + match + after, (len(before), len(before) + len(match)),
        stamp, rank_of(level), int(task_run) if task_run else None, int(tries) if tries else 1,
    )  # fmt: skip


def _plain(text: str) -> str:
    """Without the colours that it brings, and whole characters only."""
    return _COLOUR.sub("", text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _any_head(query: LogQuery) -> str:
    """A regular expression for the beginning of each record of these levels, and of one of the loggers."""
    wanted = [name for name, is_not in query.loggers if not is_not]
    if query.levels == ALL_LEVELS and not wanted:
        return r"^[^\t\n]"
    levels = (
        "|".join(LEVELS[level] for level in sorted(query.levels)) if query.levels != ALL_LEVELS else r"\S+"
    )
    return rf"^\S{{27}} (?:{levels}) " + (rf" *\S+ (?i:{_logger(wanted[0])}): ?" if wanted else "")


def _bytes(text: str, start: int, end: int) -> int:
    part = text[start:end]
    return len(part) if part.isascii() else len(part.encode("utf-8", "surrogateescape"))
