"""Which lines of a log file are shown: those of one scope, with library frames folded."""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Sequence

from tui_flow.contract.log import ERROR
from tui_flow.store.log_search import Needle
from tui_flow.store.logs import LogFile
from tui_flow.tui.presentation import tracebacks

MAX_LOOKED_BACK = 2_000
"""Lines from the end among which a writer is looked for."""
MAX_TRACEBACKS = 500
"""Of a log with more of them, the later ones are shown unfolded."""


class LogRows:
    """The lines of one log that belong to a scope, by row; grows as the log does."""

    def __init__(self, log: LogFile) -> None:
        self.log = log
        self._lines: Sequence[int] = range(0)
        self.only: Sequence[int] | None = None
        """Lines of the scope that alone are shown; None shows all of it."""
        self.errors: Sequence[int] = range(0)
        """The lines in the scope with which a record of level ERROR or CRITICAL begins."""
        self.folds: dict[int, tuple[range, int]] = {}
        """Where a row stands for several lines: by the first of them, all of them, and how many frames they are."""
        self.within = ("", "")
        """Only records from the first moment on, and before the second one; "" is no bound."""
        self._task_runs: set[int] | None = None
        self._tries: int | None = None
        self._level = 0
        self._seen = self._generation = 0
        self._tracebacks = 0
        self._hidden = 0
        """Lines of the scope that a row of another one stands for."""
        self._opened: dict[int, tuple[range, int]] = {}
        """The folds that somebody has opened."""

    @property
    def lines(self) -> Sequence[int]:
        """The line in the file of each row."""
        return self._lines if self.only is None else self.only

    @property
    def line_count(self) -> int:
        """Of the lines that are shown, those that are folded included."""
        return len(self._lines) + self._hidden if self.only is None else len(self.only)

    def set_scope(self, task_runs: set[int] | None, tries: int | None, level: int) -> None:
        """Shows other lines of the same log."""
        self._task_runs, self._tries, self._level = task_runs, tries, level
        self._select()

    def is_hidden_by_level(self) -> bool:
        """Whether there would be lines to show if all levels were."""
        return bool(self._clip(self.log.select(self._task_runs, tries=self._tries, level=0)))

    def refresh(self, limit: int) -> tuple[bool, bool]:
        """Takes in what was appended, about `limit` bytes of it. Whether there is more, and whether rows changed."""
        more = self.log.refresh(limit)
        if self.log.generation != self._generation:
            self.folds, self._opened, self._seen, self._generation = {}, {}, 0, self.log.generation
        elif len(self.log) == self._seen:
            return more, False
        folds = len(self.folds)
        self._fold_new()
        since, self._seen = self._seen, len(self.log)
        if since and len(self.folds) == folds:
            self._take(since)
        else:
            self._select()
        return more, True

    def unfold(self, line: int) -> bool:
        """Opens the folded lines that begin at this one. Whether there were any."""
        fold = self.folds.pop(line, None)
        if fold is None:
            return False
        self._opened[line] = fold
        self._select()
        return True

    def reveal(self, line: int) -> bool:
        """Opens the fold that a line is in. Whether it was in one."""
        return any(self.unfold(start) for start, (lines, _) in list(self.folds.items()) if line in lines)

    def toggle_folds(self) -> None:
        """Opens everything that is folded; folds all of it again where nothing is."""
        if self.folds:
            self._opened |= self.folds
            self.folds = {}
        else:
            self.folds, self._opened = self._opened, {}
        self._select()

    def last_writer(self, task_runs: Collection[int]) -> int | None:
        """Which of the task runs wrote last, whatever the scope; None where none did of late."""
        for line in range(len(self.log) - 1, max(-1, len(self.log) - 1 - MAX_LOOKED_BACK), -1):
            writer = self.log.head(line).task_run
            if writer in task_runs:
                return writer
        return None

    def row_of(self, line: int) -> int:
        """The row that shows a line of the scope, or stands nearest after it."""
        return min(bisect_left(self.lines, line), max(0, len(self.lines) - 1))

    def raised_at(self, line: int) -> int:
        """The line of an error that says what was raised; its first one where none does."""
        lines = self.log.record_lines(line)[:1000]
        texts = [self.log.text(number).removeprefix("\t") for number in lines]
        found = tracebacks.exception_line(texts)
        return line if found is None else lines[found]

    def unfolded(self) -> Sequence[int]:
        """The lines that are shown, those that are folded included."""
        if self.only is not None:
            return self.only
        return self._clip(self.log.select(self._task_runs, tries=self._tries, level=self._level))

    def _clip(self, lines: Sequence[int]) -> Sequence[int]:
        """Those of the lines that were written when they should have been."""
        since, until = self.within
        first = bisect_left(lines, self.log.first_since(since)) if since else 0
        end = bisect_left(lines, self.log.first_since(until)) if until else len(lines)
        return lines[first:end]

    def search(self, needles: Sequence[Needle]) -> list[int]:
        """The lines of the scope that are found and not folded away."""
        found = []
        for line in self.log.search(needles):
            row = bisect_left(self._lines, line)
            if row < len(self._lines) and self._lines[row] == line:
                found.append(line)
        return found

    def _select(self) -> None:
        self._lines, self.errors, self._hidden = range(0), array("L"), 0
        self._take(0)

    def _take(self, since: int) -> None:
        """Adds the lines of the scope from this one on."""
        log, scope = self.log, self._task_runs
        errors = log.select(
            scope, tries=self._tries, level=max(ERROR, self._level), since=since, heads_only=True
        )
        self.errors = array("L", [*self.errors, *self._clip(errors)])
        lines = self._clip(log.select(scope, tries=self._tries, level=self._level, since=since))
        if isinstance(lines, range) and not self.folds:
            self._lines = self._clip(range(len(log)))
            return
        hidden = {line for folded, _ in self.folds.values() for line in folded[1:] if line >= since}
        shown = self._lines if isinstance(self._lines, array) else array("L", self._lines)
        new = [line for line in lines if line not in hidden]
        shown.extend(new)
        self._hidden += len(lines) - len(new)
        self._lines = shown

    def _fold_new(self) -> None:
        """Folds the library frames of the tracebacks that came with the newest lines."""
        log = self.log
        since = log.record_lines(self._seen - 1).start if self._seen else 0
        for line in log.find(tracebacks.MARK, since):
            if self._tracebacks >= MAX_TRACEBACKS:
                return
            self._tracebacks += 1
            lines = range(line, log.record_lines(line).stop)
            texts = [log.text(number).removeprefix("\t") for number in lines[:1000]]
            for folded, frames in tracebacks.library_frames(texts):
                whole = range(line + folded.start, line + folded.stop)
                self.folds.setdefault(whole.start, (whole, frames))
