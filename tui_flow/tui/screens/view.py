"""What every view has: header, message and footer, and how it gets the news."""

import os
import socket
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from tui_flow.contract.errors import TuiFlowError
from tui_flow.contract.states import STARTED, FlowRunState
from tui_flow.tui.actions import CHANGING, key_name
from tui_flow.tui.bridge import RunReading
from tui_flow.tui.presentation import Line, text_of
from tui_flow.tui.presentation.glyphs import Marks
from tui_flow.tui.widgets.bars import Bar, Footer
from tui_flow.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui_flow.tui.app import Console
    from tui_flow.tui.presentation.completing import Completion

MAX_NAME = 18
"""Cells of the header that the project's name may take, and the machine's."""
_ENGINE_ROLES = {"ok": "dim", "connecting": "dim", "stopped": "warn", "gone": "bad"}


class View(Screen[None]):
    """A screen between the header and the footer."""

    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (80, "-80"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012
        (0, "-tiny"),
        (15, "-short"),
        (24, "-24"),
        (36, "-tall"),
    ]
    PLACES: ClassVar[list[str]] = []
    """Where its actions are, for footer and help: places of `actions.ACTIONS`."""
    PROMPT = ""
    """What stands in the empty line that `/` opens."""

    def __init__(self) -> None:
        super().__init__()
        self.header = Bar(id="header")
        self.prompt = Prompt("", changed=self._changed, entered=self._entered, complete=self._complete)
        self.message = Bar(id="message")
        self.footer = Footer(id="footer")
        self._candidates: list[str] = []
        """What the word that is being typed could be."""
        self.has_said = False
        """Whether there is a sentence above the footer."""

    @property
    def console(self) -> "Console":
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield self.header
        yield from self.compose_panes()
        yield self.message
        yield self.footer

    def compose_panes(self) -> Iterable[Widget]:
        """The panes, from top to bottom."""
        return ()

    def on_mount(self) -> None:
        self.update_header()
        self.update_footer()

    def on_resize(self) -> None:
        self.update_header()

    # The news.

    def take_overview(self) -> None:
        """The history has been read anew."""
        self.update_header()

    def wants_advances(self) -> bool:
        """Whether it shows how far runs are that are not over."""
        return False

    def take_advances(self) -> None:
        """Runs have come further."""

    def take_run(self, reading: RunReading) -> None:
        """The run that is watched has been read anew."""

    def take_trouble(self, error: TuiFlowError) -> None:
        """The history cannot be read, or the engine cannot be reached."""

    def tick(self) -> None:
        """A second has passed, while something runs."""

    def tick_minute(self) -> None:
        """A minute has passed."""

    def update_header(self) -> None:
        console = self.console
        marks = console.paint.marks
        engine = console.engine
        right: Line = [(f"engine {engine} ", _ENGINE_ROLES.get(engine, "dim"))]
        left: Line = [
            (" tui_flow  ", "strong"),
            (_short(console.settings.project.name, marks), "key"),
            (f"@{_short(_host(), marks)}", "dim"),
        ]
        if console.bridge.read_only:
            left.append(("  read-only", "warn"))
        if console.is_in_utc:
            left.append(("  times in UTC", "warn"))
        if console.no_room:
            left.append(("  no room: starts paused", "bad"))
        counts = self._counts()
        words: Line = [(f"  {count}{word}", role) for count, word, role in counts]
        if len(text_of([*left, *words, *right])) >= self.app.size.width:
            words = [(f"  {count}", role) for count, _, role in counts]
        self.header.set([*left, *words], right)

    def _counts(self) -> list[tuple[str, str, str]]:
        """What is at work, waits or is wrong: shape and number, the word for it, and its role."""
        console, marks = self.console, self.console.paint.marks
        by_state = console.overview.counts
        paused = by_state.get(FlowRunState.PAUSED, 0)
        started = sum(by_state.get(state, 0) for state in STARTED) - paused
        queued = by_state.get(FlowRunState.PENDING, 0)
        broken = sum(1 for file in console.overview.files if file.state == "broken")
        new = len(console.new_alerts())
        found = (
            (started, f"{marks.glyph('running')}{started}", " running", "live"),
            (
                paused,
                f"{marks.glyph('paused')}{paused}",
                f" wait{'s' if paused == 1 else ''} for you",
                "warn",
            ),
            (queued, f"{marks.glyph('pending')}{queued}", " queued", "dim"),
            (broken, f"!{broken}", f" broken file{'s' if broken > 1 else ''}", "bad"),
            (new, f"{marks.glyph('failed')}{new}", f" new alert{'s' if new > 1 else ''}", "bad"),
        )
        return [(count, word, role) for number, count, word, role in found if number]

    def say(self, text: str, role: str = "") -> None:
        """Puts a sentence above the footer, until the next one; without one, what stands there else."""
        self.has_said = bool(text)
        self.message.set([(f" {text}", role)] if text else self.standing())

    def standing(self) -> Line:
        """What stands above the footer while there is nothing else to say."""
        return []

    # The prompt.

    def prompt_hint(self) -> str:
        return self.PROMPT

    def open_prompt(self, start: str = "", hint: str = "") -> None:
        """Asks for a text; `prompt_changed` and `prompt_entered` hear of it."""
        if not self.prompt.is_attached:
            self.mount(self.prompt, before=self.message)
        self.message.display = False
        self.prompt.placeholder = hint or self.prompt_hint()
        self.prompt.open(self, start, self.earlier_texts())
        self._candidates = []
        self.update_footer()

    def earlier_texts(self) -> Sequence[str]:
        """What was asked for in this place before, the last one at the end."""
        return ()

    def close_prompt(self) -> bool:
        """Whether there was one to close."""
        self.message.display = True
        was_open = self.prompt.close(self)
        if was_open:
            self.update_footer()
        return was_open

    def completion(self, text: str) -> "Completion | None":  # noqa: ARG002
        """What the text in the prompt could become; None where it can be anything."""
        return None

    def _complete(self, text: str) -> str:
        found = self.completion(text)
        if found is None:
            return text
        self._candidates = found.words
        self.update_footer()
        return found.text

    def _changed(self, text: str) -> None:
        if self._candidates:
            self._candidates = []
            self.update_footer()
        self.prompt_changed(text)

    def prompt_changed(self, text: str) -> None:
        """The text of the prompt is another."""

    def prompt_entered(self, text: str) -> None:
        """The text is whole."""

    def _entered(self, text: str) -> None:
        self.close_prompt()
        self.prompt_entered(text)

    # Keys.

    def places(self) -> list[str]:
        """Where the actions are that work here and now."""
        return [*self.PLACES, "app"]

    def useless(self) -> set[str]:
        """Actions that would do nothing now, and are not offered."""
        return set()

    def refused(self) -> frozenset[str]:
        """Actions that nobody can ask for in this console."""
        return CHANGING if self.console.bridge.read_only is not None else frozenset()

    def update_footer(self) -> None:
        if self.prompt.display:
            self.footer.hint(self._prompt_keys())
            return
        self.footer.offer(self.places(), self.useless() | self.refused())
        if not self.has_said:
            self.say("")

    def _prompt_keys(self) -> list[tuple[str, str]]:
        """What the keys do while a text is asked for."""
        ascii = self.console.paint.marks.ascii
        keys = [(key_name("enter", ascii), "take it"), (key_name("escape", ascii), "leave")]
        if self._candidates:
            return [*keys, (key_name("tab", ascii), " ".join(self._candidates))]
        if self.completion("") is not None:
            keys.append((key_name("tab", ascii), "complete the word"))
        if self.earlier_texts():
            keys.append((key_name("up", ascii), "what you asked for before"))
        return keys

    def go_back(self) -> bool:
        """One step back within the view. Whether there was one."""
        return self.close_prompt()


def _host() -> str:
    """This machine's name, without its domain."""
    return (os.environ.get("HOSTNAME") or socket.gethostname()).partition(".")[0]


def _short(name: str, marks: Marks) -> str:
    """The name, cut so that what runs still has room beside it at 80 columns."""
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + marks.ellipsis
