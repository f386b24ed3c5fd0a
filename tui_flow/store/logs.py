"""The log of a run as an object: which lines there are, whose they are, and what they say.

The index knows of every line where it begins, how grave it is and which try of which task run wrote it, in thirteen
bytes; it grows as the file does. No line is decoded before somebody wants to see it, so a million lines open quickly.
"""

import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract.log import LogRecord, decode, rank_of
from tui_flow.store.log_search import Needle, lines_with

MAX_LINE = 16_384
"""Of a longer line, only so many bytes are ever read for the screen."""
SLICE = 4 * 1024 * 1024
"""The bytes that one step of `refresh` looks at."""

FEW = 16
"""So many kinds of heads are looked for one after the other."""
_PREFIX = slice(28, 48)
"""Where a header line says its level and whose it is; cut to a width that leaves few different ones."""
_WHO = re.compile(rb"(\S+) +(?:(\d+)\.(\d+)|-) ?")


class Head(NamedTuple):
    """What every line of a record has in common."""

    level: int
    """Its rank."""
    task_run: int | None
    tries: int
    goes_on: bool
    """Whether it is a further line of a record, and not the one that has the time."""


class _Heads(dict[bytes, int]):
    """The code of each prefix that a header line ever had. Two codes a head: the second for its further lines."""

    def __init__(self) -> None:
        super().__init__()
        self.table: list[Head] = []
        self._codes: dict[Head, int] = {}

    def __missing__(self, prefix: bytes) -> int:
        match = _WHO.match(prefix)
        level, task_run, tries = match.groups() if match else (b"", None, None)
        name = level.decode("ascii", "replace") if level else ""
        head = Head(rank_of(name), int(task_run) if task_run else None, int(tries) if tries else 1, False)
        code = self._codes.get(head)
        if code is None:
            code = self._codes[head] = len(self.table)
            self.table += (head, head._replace(goes_on=True))
        if len(self) < 65_536:
            self[prefix] = code
        return code


class LogFile:
    """A run's log file, which may still grow, and may not be there yet.

    Lines are known by number, from 0. `close` it when done; `refresh` opens it again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.generation = 0
        """Rises when all lines are others, since another file has the name."""
        self._fd: int | None = None
        self._identity: tuple[int, int] | None = None
        self._starts = array("Q", (0,))
        self._codes = array("L")
        self._heads = _Heads()

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def size(self) -> int:
        """The bytes that are indexed: whole lines only."""
        return self._starts[-1]

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def refresh(self, limit: int | None = None) -> bool:
        """Indexes what was appended since, at most about `limit` bytes of it. Whether there is more to index.

        A file that became shorter, or has another's name by now, is another file: it is indexed anew.
        """
        self._follow()
        if not self._open() or self._fd is None:
            return False
        there = os.fstat(self._fd).st_size
        if there < self.size:
            self._start_over()
        read = 0
        while self.size < there and (limit is None or read < limit):
            step = self._index(min(SLICE, limit or SLICE))
            if not step:
                return False
            read += step
        return self.size < there

    def _open(self) -> bool:
        if self._fd is None:
            try:
                self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:
                return False
            found = os.fstat(self._fd)
            if self._identity not in (None, (found.st_dev, found.st_ino)) and len(self):
                self._start_over()
            self._identity = (found.st_dev, found.st_ino)
        return True

    def _follow(self) -> None:
        """Lets go of a file whose name another one has, such as the log of a run that was cut at its cap."""
        if self._fd is None:
            return
        try:
            found = self.path.lstat()
        except OSError:
            return
        if (found.st_dev, found.st_ino) != self._identity:
            self.close()
            self._start_over()

    def _start_over(self) -> None:
        self.generation += 1
        self._starts, self._codes, self._heads = array("Q", (0,)), array("L"), _Heads()

    def _index(self, amount: int) -> int:
        """Indexes the whole lines of the next `amount` bytes, or the one longer line there. The bytes that it took."""
        start = self.size
        chunk = self._read(start, amount)
        end = chunk.rfind(b"\n") + 1
        if not end:
            end = self._end_of_long_line(start + len(chunk)) - start
            if end <= 0:
                return 0
        lines = chunk[:end].split(b"\n")
        if not lines[-1]:
            lines.pop()
        heads = self._heads
        if b"\n\t" in chunk or lines[0][:1] == b"\t":
            codes = [heads[line[_PREFIX]] if line[:1] != b"\t" else -1 for line in lines]
            self._inherit(codes)
        else:
            codes = [heads[line[_PREFIX]] for line in lines]
        self._codes.extend(codes)
        if len(lines) == 1:
            self._starts.append(start + end)
        else:
            lengths = [len(line) + 1 for line in lines]
            lengths[0] += start
            self._starts.extend(accumulate(lengths))
        return end

    def _inherit(self, codes: list[int]) -> None:
        """Gives each further line the odd code of the record that it goes on."""
        last = self._codes[-1] | 1 if self._codes else self._heads[b""] | 1
        for index, code in enumerate(codes):
            if code < 0:
                codes[index] = last
            else:
                last = code | 1

    def _end_of_long_line(self, position: int) -> int:
        """Where the line that goes on at `position` ends, newline included; 0 where it does not end yet."""
        while chunk := self._read(position, SLICE):
            found = chunk.find(b"\n")
            if found >= 0:
                return position + found + 1
            position += len(chunk)
        return 0

    def _read(self, start: int, amount: int) -> bytes:
        return os.pread(self._fd, amount, start) if self._open() and self._fd is not None else b""

    def head(self, line: int) -> Head:
        return self._heads.table[self._codes[line]]

    def length(self, line: int) -> int:
        """Of a line, in bytes, without its newline."""
        return self._starts[line + 1] - self._starts[line] - 1

    def text(self, line: int) -> str:
        """A line as it stands there, without newline, cut to `MAX_LINE` bytes. Not safe to print."""
        raw = self._read(self._starts[line], min(self.length(line), MAX_LINE))
        return raw.decode("utf-8", "replace")

    def whole_text(self, line: int) -> str:
        """The same, however long it is."""
        return self._read(self._starts[line], self.length(line)).decode("utf-8", "replace")

    def first_since(self, stamp: str) -> int:
        """The first line of the first record that was written then or later; the number of lines where there is none."""
        low, high = 0, len(self)
        while low < high:
            middle = head = (low + high) // 2
            while head > 0 and self.head(head).goes_on:
                head -= 1
            if self._read(self._starts[head], len(stamp)) < stamp.encode():
                low = middle + 1
            else:
                high = middle
        return low

    def record_lines(self, line: int) -> range:
        """The lines of the record that this line belongs to."""
        first = last = line
        while first > 0 and self.head(first).goes_on:
            first -= 1
        while last + 1 < len(self) and self.head(last + 1).goes_on:
            last += 1
        return range(first, last + 1)

    def record(self, line: int) -> LogRecord | None:
        """The record that this line belongs to, cut to 1 MiB; None where a torn write left none."""
        lines = self.record_lines(line)
        start, end = self._starts[lines.start], self._starts[lines.stop]
        return decode(self._read(start, min(end - start, 1024 * 1024)))

    def select(
        self,
        task_runs: Iterable[int] | None = None,
        *,
        tries: int | None = None,
        level: int = 0,
        since: int = 0,
        heads_only: bool = False,
    ) -> Sequence[int]:
        """The numbers of the lines, from line `since` on, that these task runs wrote (all of them where None), in
        this try, at this level (a place in `LEVELS`) or graver; with `heads_only`, the first of each record."""
        if task_runs is None and tries is None and level == 0 and not heads_only:
            return range(since, len(self))
        wanted = None if task_runs is None else set(task_runs)

        def fits(head: Head) -> bool:
            return (
                (wanted is None or head.task_run in wanted)
                and (tries is None or head.tries == tries)
                and head.level >= level
                and not (heads_only and head.goes_on)
            )

        return self._lines_of({code for code, head in enumerate(self._heads.table) if fits(head)}, since)

    def _lines_of(self, wanted: set[int], since: int) -> "array[int]":
        """The lines, from `since` on, whose code is one of these."""
        if not wanted:
            return array("L")
        if len(wanted) <= FEW:
            found = self._found_by_bytes(wanted, since)
            if found is not None:
                return found
        codes = self._codes[since:] if since else self._codes
        return array("L", [line for line, code in enumerate(codes, since) if code in wanted])

    def _found_by_bytes(self, wanted: set[int], since: int) -> "array[int] | None":
        """The same, by C, which is twenty times as fast where they are rare; None where they are not."""
        size = self._codes.itemsize
        codes = memoryview(self._codes)[since:].tobytes()
        limit = len(codes) // size // 16
        found: list[int] = []
        for code in wanted:
            pattern = array("L", (code,)).tobytes()
            at = codes.find(pattern)
            while at >= 0:
                if at % size == 0:
                    found.append(since + at // size)
                    if len(found) > limit:
                        return None
                at = codes.find(pattern, at + 1)
        return array("L", sorted(found))

    def find(self, text: str, since: int = 0) -> Iterator[int]:
        """The lines from line `since` on that hold this text, in order, whatever its case where it has no capital
        letter. Reads the file a slice at a time."""
        needle, any_case = text.encode(), text == text.lower()
        line = since
        while line < len(self) and needle:
            base, after = self._starts[line], self._slice_end(line)
            chunk = self._read(base, self._starts[after] - base)
            chunk = chunk.lower() if any_case else chunk
            at = chunk.find(needle)
            while at >= 0:
                line = bisect_right(self._starts, base + at) - 1
                yield line
                at = chunk.find(needle, self._starts[line + 1] - base)
            line = after

    def search(self, needles: Sequence[Needle]) -> Sequence[int]:
        """The lines that have the first text that is to be there, of records for which the others hold, as a search through
        many logs finds them; all lines of such records where none is to be there."""
        first = next((needle for needle in needles if not needle.is_not), None)
        found: Sequence[int] = range(len(self)) if first is None else list(self._lines_with(first))
        for needle in needles:
            if needle is not first:
                there = self._records_with(needle)
                found = [line for line in found if (line in there) is not needle.is_not]
        return found

    def _lines_with(self, needle: Needle) -> Iterator[int]:
        line = 0
        while line < len(self):
            base, after = self._starts[line], self._slice_end(line)
            text = self._read(base, self._starts[after] - base).decode("utf-8", "surrogateescape")
            for place in lines_with(needle, text):
                yield line + place
            line = after

    def _records_with(self, needle: Needle) -> set[int]:
        """All lines of the records that have it."""
        found = set[int]()
        for line in self._lines_with(needle):
            if line not in found:
                found.update(self.record_lines(line))
        return found

    def _slice_end(self, line: int) -> int:
        """The first line after `line` that lies a slice away, or the number of lines."""
        return min(len(self), max(line + 1, bisect_right(self._starts, self._starts[line] + SLICE) - 1))
