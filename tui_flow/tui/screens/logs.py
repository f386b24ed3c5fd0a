"""The Logs view: in which runs something was said."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from tui_flow.contract.errors import HistoryError
from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.counting import counted
from tui_flow.store import tasks
from tui_flow.store.log_search import around
from tui_flow.tui import saved_views
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import Line, filters, hit_lines, hits, log_hits, log_lines, text_of
from tui_flow.tui.presentation.address import Spot
from tui_flow.tui.screens.log_texts import LogTexts
from tui_flow.tui.screens.section import Section
from tui_flow.tui.screens.texts_of_run import TextsOfRun
from tui_flow.tui.searching import News, Searcher
from tui_flow.tui.widgets.bars import Bar
from tui_flow.tui.widgets.hit_list import HitLines
from tui_flow.tui.widgets.lines import Lines, TextLines

TYPING_SECONDS = 0.25
"""A search begins when nothing was typed for so long, or at once with Enter."""
_EXAMPLES = (
    ("timeout|refused", "one or the other; any case, without a capital"),
    ("load failed level>=WARN", "both words in one record, a WARN or higher"),
    ("since:24h level:error", "all errors of the last day"),
    (r"/took [5-9]\d+s/ flow:etl_*", "a regular expression, in the runs of some flows"),
    ("task:load -debug run:812", "what one task said, without a word, in one run"),
    ("state:failed tag:core dur>5m", "as in the Runs view"),
)
_TAB: Line = [
    (" Tab", "key"),
    (" completes, while you type: level: flow: task: run: since: logger: state: tag: is:", "dim"),
]
_HELP: list[Line] = [
    [("/", "key"), (" finds text in the logs of all runs. For example:", "")],
    *([(f"  {example:<30}", "live"), (meaning, "dim")] for example, meaning in _EXAMPLES),
]


class LogsSection(LogTexts, TextsOfRun, Section):
    """What is looked for, the lines that were found by run, and the log around the one under the cursor."""

    PLACE = "logs"
    WORDS = filters.OF_LOGS
    PROMPT = "timeout|refused  /regex/  level>=WARN  flow:etl_*  task:load  since:24h"
    BINDINGS: ClassVar = bindings("logs")

    class Told(Message):
        """The search has something to tell."""

        def __init__(self, news: News) -> None:
            super().__init__()
            self.news = news

    def __init__(self) -> None:
        super().__init__()
        self.query_line = Bar(id="query")
        self.overview_line = Bar(id="found")
        """Where there is room: when, how grave, and of whom the hits are."""
        self.list = HitLines(id="hits")
        self.context = TextLines(id="context")
        self._tasks: list[str] = []
        """The names of tasks that can be completed."""
        self._wrong = ""
        self._news = News(0, [], 0, 0, 0.0, is_over=True)
        self._typing: Timer | None = None
        self._searcher: Searcher | None = None

    def panes(self) -> Iterable[Widget]:
        yield self.list
        yield self.context

    def compose(self) -> ComposeResult:
        yield self.query_line
        yield self.overview_line
        yield from super().compose()

    def on_unmount(self) -> None:
        self.searcher.forget()

    @property
    def searcher(self) -> Searcher:
        if self._searcher is None:
            self._searcher = Searcher(
                self.console.settings.state_dir, lambda news: self.post_message(self.Told(news))
            )
        return self._searcher

    def come_to_front(self) -> None:
        self.list.set_feet(_saved_searches())
        self._describe()

    # The search.

    def search(self, text: str) -> None:
        """Looks for something else, from the newest run on."""
        self.text = text.strip()
        self.say("")
        self.searcher.forget()
        self.list.show_hits(self.list.found.emptied())
        self._news = News(0, [], 0, 0, 0.0, is_over=True)
        filter, self._wrong = filters.read(self.text, filters.OF_LOGS)
        if filter:
            self.searcher.start(filter)
            self._news = self._news._replace(is_over=False)
        self._describe()

    def on_logs_section_told(self, event: Told) -> None:
        news, found = event.news, self.list.found
        if news.search != self.searcher.number or not self.text or self._wrong:
            return
        was_empty = not found.groups
        for run, some, names in news.found:
            found.add(run, some, names)
        self._news = news
        if news.is_cut:
            found.cut()
        self.list.show_hits(found)
        if was_empty or news.is_over:
            self._describe()
        else:
            self._update_frame()
        if news.trouble is not None:
            self.say(f"{news.trouble.what}  {news.trouble.next}", "bad")

    def take_overview(self) -> None:
        """Looks again where the history could not be read before."""
        if isinstance(self._news.trouble, HistoryError) and self.text:
            self.search(self.text)

    # What is said.

    def _describe(self) -> None:
        self._update_frame()
        row = self.list.selected
        if row is None:
            title, lines = self._nothing()
            self.context.set_title(title)
            self.context.set_lines(lines)
        elif row.message is not None and row.hit is None:
            self.context.set_title(counted(len(row.message.hits), "equal message"))
            self.context.set_lines(
                hit_lines.message_lines(row.message, self.console.paint.marks, time.time())
            )
        elif row.hit is None:
            run = row.group.run
            who = row.part.name if row.part is not None else run.flow
            self.context.set_title(f"run {run.id}  {who}")
            hits = row.part.hits if row.part is not None else row.group.hits
            keys: Line = [
                (self.console.paint.marks.enter, "key"), (" opens or shuts a run; ", "dim"),
                ("n", "key"), (" goes to the next hit", "dim"),
            ]  # fmt: skip
            self.context.set_lines([row.group.summary(hits), [], keys])
        else:
            hit, run = row.hit, row.group.run
            tries = f" try {hit.tries}" if hit.tries > 1 else ""
            who = f"{row.group.name_of(hit) or run.flow}{tries}"
            self.context.set_title(f"run {run.id}  {who}", f"line {hit.line + 1:,}")
            self._show_context()
        self.update_footer()

    def _update_frame(self) -> None:
        found, news = self.list.found, self._news
        self.overview_line.set(
            hit_lines.overview_line(found, self.console.paint.marks) if found.groups else _TAB
        )
        if not self.text:
            self.query_line.set([(" / ", "key"), ("searches the logs of all runs", "dim")])
            self.list.set_title("Matches by run")
            return
        if self._wrong:
            self.query_line.set([(" / ", "key"), (self.text, "strong")], [("this is no filter ", "bad")])
            self.list.set_title("Matches by run")
            return
        count = hits.count_text(found) if found.groups or news.is_over else "searching"
        self.query_line.set([(" / ", "key"), (self.text, "strong")], [(f"{count} ", "")])
        levels = text_of(found.by_level())
        by = f"message: {len(found.heads()):,}" if found.is_by_message else "run"
        self.list.set_title(
            f"Matches by {by}  {levels}".rstrip(), f"{news.how_far()}  {self.list.place}".strip()
        )

    def _nothing(self) -> tuple[str, list[Line]]:
        """Title and text of the lower pane while there is no hit."""
        if self._wrong:
            return "This is no filter", [[(self._wrong, "bad")]]
        if not self.text:
            return "Search", _HELP
        if not self._news.is_over:
            looking: Line = [("Looking, the newest runs first. ", "dim"), ("Esc", "key"), (" stops.", "dim")]
            return "Searching", [looking]
        if trouble := self._news.trouble:
            return "Given up", [[(trouble.what, "bad")], [(trouble.next, "strong")]]
        flows, filter = (flow.name for flow in self.console.overview.flows), filters.parse(self.text)
        unknown = filters.why_nothing(filter, flows)
        if unknown:
            return "Nothing found", [[(unknown, "warn")]]
        vain: Line = [(self.text, "strong"), (". ", ""), ("/", "key"), (" looks for something else.", "dim")]
        if self._news.is_stopped:
            return "Stopped", [[("None of the logs that were read says ", ""), *vain]]
        case = log_hits.case_counts(filter)
        return "Nothing found", [[("No log says ", ""), *vain], *([[(case, "warn")]] if case else [])]

    def _show_context(self) -> None:
        """The log around the hit, with the hit a few lines below the top."""
        row = self.list.selected
        if row is None or row.hit is None:
            return
        marks, hit = self.console.paint.marks, row.hit
        path = run_dir(self.console.settings.state_dir, row.group.run.id) / LOG
        room = max(1, self.context.page // 3)
        lines = [
            log_lines.context_line(number, text, marks.cursor if number == hit.line else " ", hit)
            for number, text in around(path, hit, before=room)
        ]
        gone = [[("the log is not there any more", "warn")]]
        self.context.set_lines(lines or gone)
        if lines:  # those above may take all rows, where they are long
            self.context.scroll(self.context.row_of(min(room, hit.line, len(lines) - 1)) - room)

    def useless(self) -> set[str]:
        found = set()
        if not self.list.rows:
            found |= {"open", "next_hit", "previous_hit", "next_run", "previous_run"}
            found |= {"fold", "unfold", "regroup", "copy", "save", "pager", "edit", "diff", "code"}
        return found

    # Keys.

    def on_lines_moved(self, event: Lines.Moved) -> None:
        if event.lines is self.list:
            self._describe()

    def go_back(self) -> bool:
        if not self._news.is_over:
            self.searcher.stop()
            return True
        return super().go_back()

    def set_filter(self, text: str) -> None:
        self.search(text)

    def prompt_changed(self, text: str) -> None:
        """Searches as soon as nobody types any more."""
        if self._typing is not None:
            self._typing.stop()
        if text.strip() != self.text:
            self._typing = self.set_timer(TYPING_SECONDS, lambda: self.search(text))

    def prompt_entered(self, text: str) -> None:
        if self._typing is not None:
            self._typing.stop()
        if text.strip() != self.text:
            self.search(text)

    def action_search(self) -> None:
        self.read_later("names", self._read_names)
        self.home.open_prompt(self.text)

    async def _read_names(self) -> None:
        """Those of the tasks that the last run of each flow called."""
        last = [runs[0].id for runs in self.console.overview.runs.values() if runs]

        def read(db: Any) -> list[str]:
            return sorted({name for id in last for name in tasks.list_names(db, id)})

        self._tasks = await self.console.bridge.read(read)

    def known_words(self) -> Mapping[str, Sequence[str]]:
        return {"task": self._tasks, "logger": log_hits.LOGGERS}

    def action_open(self) -> None:
        row = self.list.selected
        if row is None:
            self.action_search()
        elif row.hit is None:
            self.list.fold(not row.head.folded)
        else:
            self.console.open_run(row.group.run.id, Spot(row.hit.line))

    def action_fold(self) -> None:
        self.list.fold(True)

    def action_unfold(self) -> None:
        self.list.fold(False)

    def action_regroup(self) -> None:
        self.list.regroup()
        if self.list.found.is_by_message:
            self.say("equal messages are one row, the most frequent first; = goes back")

    def action_next_hit(self) -> None:
        if not self.list.step(1):
            self.say("this is the last hit" if self.list.rows else "")

    def action_previous_hit(self) -> None:
        if not self.list.step(-1):
            self.say("this is the first hit" if self.list.rows else "")

    def action_next_run(self) -> None:
        if not self.list.step_head(1):
            self.say("this is the last one" if self.list.rows else "")

    def action_previous_run(self) -> None:
        if not self.list.step_head(-1):
            self.say("this is the first one" if self.list.rows else "")


def _saved_searches() -> list[Line]:
    """What stands below the hits where there is room."""
    equal: Line = [(" =", "key"), (" folds equal messages into one row", "dim")]
    try:
        views = saved_views.load(saved_views.path_of_views())
    except ValueError as error:
        return [[], equal, [(f" {error}", "warn")]]
    searches = [(name, address.text) for name, address in views.items() if address.view == "logs"]
    if not searches:
        return [
            [],
            equal,
            [(" '", "key"), (" saves a search under a name, and lists those that were saved", "dim")],
        ]
    width = max(len(name) for name, _ in searches)
    return [
        [],
        equal,
        [],
        [(" SAVED SEARCHES  ", "dim"), ("'", "key"), (" opens one, or saves this", "dim")],
        *([(f"  {name:<{width}}  ", ""), (text, "dim")] for name, text in searches),
    ]
