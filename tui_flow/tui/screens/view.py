"""What every view has: header, message and footer, and how it gets the news."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from tui_flow.contract.errors import READS_ONLY
from tui_flow.tui.actions import CHANGING, key_name
from tui_flow.tui.bridge import RunReading
from tui_flow.tui.presentation import Line, times
from tui_flow.tui.refusal import Refused
from tui_flow.tui.widgets.bars import Bar, Footer
from tui_flow.tui.widgets.header import Header

if TYPE_CHECKING:
    from tui_flow.tui.app import Console
    from tui_flow.tui.presentation.completing import Completion
    from tui_flow.tui.widgets.prompt import Prompt


class View(Screen[None]):
    """A screen between the header and the footer."""

    KEYS_SHOWN_BY = "app.help"
    """The action whose key shows all keys that work here."""
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
        self._take_size_classes()
        self.header = Header()
        self.prompt: Prompt | None = None
        """Made when a text is asked for first: a stock input line and its styles would hold the first frame up."""
        self.message = Bar(id="message")
        self.footer = Footer(id="footer")
        self._then: Callable[[str], None] | None = None
        """Who gets the text that is being typed, in place of the view."""
        self._candidates: list[str] = []
        """What the word that is being typed could be."""
        self.said = ""
        """The sentence above the footer."""
        self._stays = False
        """Whether a key that says nothing leaves it there."""

    def _take_size_classes(self) -> None:
        """Those that its first size will bring, or all would be styled again for them before the first frame."""
        width, height = self.console.size
        for extent, breakpoints in (
            (width, self.HORIZONTAL_BREAKPOINTS),
            (height, self.VERTICAL_BREAKPOINTS),
        ):
            self.add_class(*self._get_breakpoint_classes(extent, breakpoints or []), update=False)

    @property
    def console(self) -> "Console":
        return self.app  # type: ignore[return-value]

    @property
    def is_arriving(self) -> bool:
        """Whether what it is to show has not been read yet."""
        return False

    def compose(self) -> ComposeResult:
        yield self.header
        yield from self.compose_panes()
        yield self.message
        yield self.footer

    def compose_panes(self) -> Iterable[Widget]:
        """The panes, from top to bottom."""
        return ()

    def on_mount(self) -> None:
        self.update_footer()

    def _compositor_refresh(self) -> None:
        """Called by Textual to draw what is to be drawn: while the first frame is held, later."""
        if not self.console.is_held:
            super()._compositor_refresh()

    def draw(self) -> None:
        """Draws it now, and not with the next frame; also what was laid out while the first one was held."""
        self._on_timer_update()
        self._compositor_refresh()

    # The news.

    def take_overview(self) -> None:
        """The history has been read anew."""

    def wants_advances(self) -> bool:
        """Whether it shows how far runs are that are not over."""
        return False

    def take_advances(self) -> None:
        """Runs have come further."""

    def take_run(self, reading: RunReading) -> None:
        """The run that is watched has been read anew."""

    def tell_empty(self) -> None:
        """Says why there is nothing to show, where that is no news about the project."""

    def tick(self) -> None:
        """A second has passed, while something runs."""

    def tick_minute(self) -> None:
        """A minute has passed."""

    def say(self, text: str, role: str = "", *, stays: bool = False) -> None:
        """Puts a sentence above the footer, until the next key; one that is news, and not what a key did, `stays` until
        the next sentence. Without one, what stands there else."""
        self.said, self._stays = text, stays
        self.message.set([(f" {text}", role)] if text else self.standing())

    def hush(self) -> None:
        """The next key has been pressed: what an earlier one did is old, and the last sentence has been read if there is another."""
        self.console.note_read()
        if self.said and (not self._stays or self.console.to_say):
            self.say("")
            self.message.display = not self.is_asking

    def on_mouse_down(self) -> None:
        self.hush()

    def standing(self) -> Line:
        """What stands above the footer while there is nothing else to say: why nothing can run or change here, or that no
        engine is there, or another one, and what helps."""
        console, read_only = self.console, self.console.bridge.read_only
        if console.no_room:
            return [(f" no run is started: {console.no_room}", "bad")]
        if read_only is not None and read_only is not READS_ONLY:
            return [(f" {read_only.what}", "warn")]
        if not console.needs_restart:
            return []
        helps = f"engine {console.engine} ({console.restart_command})"
        if console.has_engine:
            return [(f" {helps}: it is replaced, and runs go on", "warn")]
        return [(f" {helps}: no schedule fires, running runs go on", "warn")]

    # The prompt.

    def prompt_hint(self) -> str:
        return self.PROMPT

    def ask(self, hint: str, then: Callable[[str], None], start: str = "") -> None:
        """Asks for a text that is not the view's. `then` raises Refused where it cannot be taken."""
        self._then = then
        self.open_prompt(start, hint)

    def open_prompt(self, start: str = "", hint: str = "", *, mends: bool = False) -> None:
        """Asks for a text; `prompt_changed` and `prompt_entered` hear of it. `mends` where the start was not taken."""
        if self.prompt is None:
            self.prompt = self._make_prompt()
        self.message.display = False
        self.prompt.placeholder = hint or self.prompt_hint()
        self.prompt.open(self, start, self.earlier_texts(), mends=mends)
        self._candidates = []
        self.update_footer()

    def _make_prompt(self) -> "Prompt":
        from tui_flow.tui.widgets.prompt import Prompt

        prompt = Prompt(changed=self._changed, entered=self._entered, complete=self._complete)
        self.mount(prompt, before=self.message)
        return prompt

    @property
    def is_asking(self) -> bool:
        """Whether a text is being typed."""
        return self.prompt is not None and self.prompt.display

    def earlier_texts(self) -> Sequence[str]:
        """What was asked for in this place before, the last one at the end."""
        return ()

    def close_prompt(self) -> bool:
        """Whether there was one to close."""
        self._then = None
        self.message.display = True
        was_open = self.prompt is not None and self.prompt.close(self)
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
        self.message.display = False
        if self._candidates:
            self._candidates = []
            self.update_footer()
        self.prompt_changed(text)

    def prompt_changed(self, text: str) -> None:
        """The text of the prompt is another."""

    def prompt_entered(self, text: str) -> None:
        """The text is whole. Raises Refused where it cannot be taken."""

    def _entered(self, text: str) -> None:
        asked, then = self._then, self._then or self.prompt_entered
        self.close_prompt()
        try:
            then(text)
        except Refused as error:
            self._ask_again(asked, text, str(error))

    def _ask_again(self, then: Callable[[str], None] | None, text: str, why: str) -> None:
        """The prompt as it was, and below it what is wrong with the text, until the next key."""
        self._then = then
        self.open_prompt(text, self.prompt.placeholder if self.prompt is not None else "", mends=True)
        self.say(why, "warn")
        self.message.display = True

    # Keys.

    def flow_in_hand(self) -> str:
        """The flow that is looked at; empty where none is."""
        return ""

    def places(self) -> list[str]:
        """Where the actions are that work here and now."""
        return [*self.PLACES, "app"]

    def zones(self) -> Sequence[times.Zone]:
        """Those in which it can show times."""
        return ("here", "utc")

    def useless(self) -> set[str]:
        """Actions that would do nothing now, and are not offered."""
        return set()

    def labels(self) -> dict[str, str]:
        """Actions that have another name in the footer now."""
        return {}

    def refused(self) -> frozenset[str]:
        """Actions that nobody can ask for in this console."""
        return CHANGING if self.console.bridge.read_only is not None else frozenset()

    def update_footer(self) -> None:
        if self.is_asking:
            self.footer.hint(self._prompt_keys())
            return
        self.footer.offer(self.places(), self.useless() | self.refused(), self.labels())
        if not self.said:
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

    def zoom(self) -> bool:
        """The pane with the keyboard alone, or all of them again. Whether there are others."""
        return False

    def go_back(self) -> bool:
        """One step back within the view. Whether there was one."""
        return self.close_prompt()
