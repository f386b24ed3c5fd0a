"""The console: a disposable client of the engine. Whatever must go on, goes on without it."""

import asyncio
import gc
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.filter import Monochrome, NoColor

from tui_flow.contract.errors import EXIT_OK, ReadOnly
from tui_flow.counting import counted
from tui_flow.settings import Settings
from tui_flow.tui import keymap
from tui_flow.tui.actions import ACTIONS, CHANGING, Action, action_named, bindings, key_name
from tui_flow.tui.asking import Undo
from tui_flow.tui.bridge import Bridge
from tui_flow.tui.defects import keep_defect
from tui_flow.tui.hearing import Hearing
from tui_flow.tui.presentation import times
from tui_flow.tui.presentation.address import ANYWHERE, Address, Spot
from tui_flow.tui.presentation.palette import Offer
from tui_flow.tui.presentation.why_not import moved, unbound, why_not
from tui_flow.tui.reloads import Reloads
from tui_flow.tui.screens.home import HomeScreen
from tui_flow.tui.screens.view import View
from tui_flow.tui.styles import THEMES
from tui_flow.tui.watchman import Watchman
from tui_flow.tui.widgets.paint import Paint

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode

Connect = Callable[..., Awaitable[Any]]
_BEGINNING = 1.0
"""Seconds within which the first frames are drawn: `launch` lets nothing be searched for garbage until then."""
_BY_ID = {action.id for action in ACTIONS if action.where not in ("app", "list")}
"""What can do nothing, or be refused."""
_HELD = 0.1
"""Seconds for which the first frame waits for the flows to be read."""
MAX_UNDOS = 50
"""So many things that were done last can be taken back."""


class Console(Hearing, inherit_bindings=False):
    """The views of one project, and what they have in common: the bridge, the news, and the keys."""

    CSS_PATH = "styles/console.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = [*bindings("app"), ("ctrl+c", "say_how_to_leave", "")]

    def __init__(
        self,
        settings: Settings,
        *,
        ascii: bool = False,
        theme: str = "tui-flow-dark",
        read_only: ReadOnly | None = None,
        begin: Address | None = None,
        connect: Connect | None = None,
        keys: Path | None = None,
        yank: Path | None = None,
        projects: Path | None = None,
    ) -> None:
        """`begin` is where it opens; `keys` is the file with a person's own keys, if there may be one; `yank` the file
        that what is copied goes into."""
        super().__init__()
        self._disable_notifications = self._disable_tooltips = (
            True  # nothing here has any, and each is a widget
        )
        self.projects = projects
        """The file with the projects that this user has opened."""
        self.elsewhere: Path | None = None
        """The project whose console is to begin where this one ends."""
        self._opened_at = time.time()
        self.tutorial_step = 0
        """Where the tour goes on."""
        self._yank = yank
        self._keys_file = keys
        self.keymap = keymap.load(keys) if keys else keymap.Keymap()
        self.set_keymap(self.keymap.for_textual())
        self.settings = settings
        self.bridge = Bridge(settings, self, connect, read_only=read_only)
        self.zone: times.Zone = "here"
        self._begin = begin
        self.watchman, self.reloads = Watchman(self), Reloads(self)
        self._undos: deque[Undo] = deque(maxlen=MAX_UNDOS)
        for known in THEMES:
            self.register_theme(known)
        self._begin_with_theme(theme)
        if theme == "tui-flow-ansi":
            # Textual has chosen how to do without colour (NO_COLOR) before it knew the theme.
            self._filters = [NoColor() if isinstance(each, Monochrome) else each for each in self._filters]
        self.paint = Paint(self.get_css_variables(), ascii)
        self.set_class(ascii, "-ascii")
        self.set_class(theme == "tui-flow-ansi", "-poor")

    def _begin_with_theme(self, name: str) -> None:
        """As assigning `theme`, which would have the style sheet parsed twice before the first frame."""
        self.set_reactive(Console.theme, name)
        dark = self.current_theme.dark
        self.update_classes(
            {f"-theme-{name}": True, "-dark-mode": dark, "-light-mode": not dark}, update=False
        )
        self._refresh_truecolor_filter(self.ansi_theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> HomeScreen:
        return HomeScreen()

    def on_load(self) -> None:
        """Before the terminal is the console's."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit, 128 + signal.SIGTERM)

    def on_mount(self) -> None:
        if self._begin is not None:
            self.call_after_refresh(self._go_to_begin, self._begin)
        self.run_worker(self.bridge.run(), group="bridge")
        self.begin_to_tick()
        self.set_timer(_BEGINNING, _collect_garbage_again)
        self.set_timer(_HELD, self.draw_first_frame)
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())

    def on_ready(self) -> None:
        """The first view is there, and laid out."""
        self.bridge.has_audience.set()

    def _fatal_error(self) -> None:
        """Called by Textual for an exception of the console's own, which ends it."""
        error = self._exception or RuntimeError("unknown")
        self._exit_renderables.append(Text(keep_defect(self.settings.state_dir, error, self._opened_at)))
        self._close_messages_no_wait()

    def is_behind(self, view: View) -> bool:
        """Whether another view lies over this one, or is about to: nobody waits for it to be drawn."""
        begins_at_run = self._begin is not None and self._begin.run_id is not None
        return begins_at_run or self._views()[-1] is not view

    def say(self, text: str, role: str = "", *, stays: bool = False) -> None:
        """A sentence above the footer of the view on top; see `View.say`."""
        for view in self._views()[-1:]:
            view.say(text, role, stays=stays)

    def said(self) -> str:
        return "".join(view.said for view in self._views()[-1:])

    # Where one is.

    async def _go_to_begin(self, place: Address) -> None:
        await self.go_to(place)
        self._begin = None
        if self.has_overview:
            self.draw_first_frame()

    def is_arriving(self) -> bool:
        if self.trouble is not None:
            return False
        if self._begin is not None or not self.has_overview:
            return True
        return isinstance(self.screen, View) and self.screen.is_arriving

    def tell_dropped(self, count: int) -> None:
        why = (
            "what was to be opened is not there yet"
            if self.has_overview
            else "the history is still being read"
        )
        self.say(f"{counted(count, 'key')} not taken: {why}", "warn")

    async def go_to(self, place: Address) -> None:
        """Shows the place that an address leads to."""
        await self.action_view(place.view)
        if place.run_id is not None:
            if isinstance(self.screen, HomeScreen):
                self.screen.section.show_run(place.run_id)  # what Esc leads to
            self.open_run(place.run_id, place.at)
        elif place.alert_id is not None and isinstance(self.screen, HomeScreen):
            self.screen.section.show_alert(place.alert_id)
        elif place.text and isinstance(self.screen, HomeScreen):
            self.screen.section.show_address(place.text)

    def open_run(self, run_id: int, at: Spot = ANYWHERE) -> None:
        """The Run view of a run, in place of the one on top if there is one."""
        from tui_flow.tui.screens.run import RunScreen

        if isinstance(self.screen, RunScreen):
            self.screen.open_run(run_id, at)
        else:
            self.push_screen(RunScreen(run_id, at))

    def shows_run(self, run_id: int) -> bool:
        """Whether the view on top is that of this run."""
        from tui_flow.tui.screens.run import RunScreen

        return isinstance(self.screen, RunScreen) and self.screen.run_id == run_id

    def task_in_view(self) -> str:
        """The name of the task run under the cursor of the Run view, where that is on top."""
        from tui_flow.tui.screens.run import RunScreen

        return self.screen.task_at_cursor() if isinstance(self.screen, RunScreen) else ""

    # Keys that work everywhere.

    async def action_view(self, place: str) -> None:
        """One of the five views, from wherever."""
        if not isinstance(self.screen, View):
            return
        while self._leave_view():
            pass
        if isinstance(self.screen, HomeScreen):
            await self.screen.switch(place)

    def action_next_pane(self) -> None:
        self.screen.focus_next()

    def action_previous_pane(self) -> None:
        self.screen.focus_previous()

    def action_step_back(self) -> None:
        if isinstance(self.screen, View) and not self.screen.go_back():
            self._leave_view()

    def action_leave(self) -> None:
        if not self._leave_view():
            self.exit(EXIT_OK)

    def _leave_view(self) -> bool:
        """Whether there was a view below this one."""
        if len(self._views()) < 2:
            return False
        self.bridge.watch(None)
        self.pop_screen()
        self.say("")
        return True

    def action_zoom(self) -> None:
        if isinstance(self.screen, View) and not self.screen.zoom():
            self.say("there is no other pane here")

    def action_zone(self) -> None:
        if not isinstance(self.screen, View):
            return
        zones = self.screen.zones()
        place = zones.index(self.zone) + 1 if self.zone in zones else 1
        self.zone, following = (zones[at % len(zones)] for at in (place, place + 1))
        times.show_in(self.zone)
        self._show_anew()
        self.say(f"times are shown {times.ZONES[self.zone]}; T shows them {times.ZONES[following]}")

    def action_saved_views(self) -> None:
        from tui_flow.tui.screens import saved

        if isinstance(self.screen, View):
            saved.ask(self)

    def action_profiles(self) -> None:
        from tui_flow.tui.screens import profiles

        if isinstance(self.screen, View):
            profiles.ask(self)

    def go_elsewhere(self, project: Path) -> None:
        """Ends this console, for that of another project to begin."""
        self.elsewhere = project
        self.exit(EXIT_OK)

    def action_undo(self) -> None:
        """Takes back what was done last, and then what was done before."""
        while self._undos and not self._undos[-1].is_seen():
            self._undos.pop()
        if self._undos:
            self._undos.pop().take_back()
        else:
            self.say("nothing to undo")

    def action_redraw(self) -> None:
        if self.screen_stack:  # none is left while the console ends
            self.screen.refresh(layout=True, repaint=True)

    def action_help(self) -> None:
        from tui_flow.tui.offers import offers_of_help
        from tui_flow.tui.screens.palette import HelpScreen

        view = self.screen
        if isinstance(view, View):
            offers = offers_of_help(self, view)
            self.push_screen(HelpScreen(offers, self.rebind, view.places(), self.keymap), self.take_offer)

    def action_tutorial(self) -> None:
        from tui_flow.tui.screens import tutorial

        def chosen(number: int | None) -> None:
            if number is not None:
                self.run_worker(tutorial.do(self, number), group="tutorial")

        if isinstance(self.screen, View):
            self.push_screen(tutorial.TutorialScreen(self.tutorial_step), chosen)

    def action_commands(self) -> None:
        from tui_flow.tui.offers import offers_of
        from tui_flow.tui.screens.palette import PaletteScreen

        if isinstance(self.screen, View):
            self.push_screen(PaletteScreen(offers_of(self, self.screen), self.rebind), self.take_offer)

    def take_offer(self, offer: Offer | None) -> None:
        if offer is not None:
            self.call_later(offer.act)

    def rebind(self, name: str) -> None:
        """Asks for another key for an action, and writes it down."""
        from tui_flow.tui.screens.palette import KeyScreen

        action = action_named(name)

        def chosen(keys: tuple[str, ...] | None) -> None:
            if keys is None:
                return
            self.keymap = self.keymap.with_keys(action, keys)
            self.set_keymap(self.keymap.for_textual())
            for view in self._views():
                view.update_footer()
            self.say(self._kept(action, keys))

        self.push_screen(KeyScreen(action, self.keymap), chosen)

    def _kept(self, action: Action, keys: tuple[str, ...]) -> str:
        done = f"{key_name(keys[0])}: {action.help}"
        if self._keys_file is None:
            return done
        try:
            keymap.save(self._keys_file, action, keys)
        except OSError as error:
            return f"{done}, until the console ends: {error.strerror}: {self._keys_file}"
        return f"{done}; kept in {self._keys_file}"

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: "DOMNode | None" = None,
        namespaces: "Mapping[str, DOMNode] | None" = None,
    ) -> bool:
        """What would do nothing says why, and what this console may not do is not tried."""
        view = self.screen
        act = partial(super().run_action, action, default_namespace, namespaces)
        if not isinstance(view, View):
            return await act()
        view.hush()
        is_done = await (self._try(view, str(action), act) if action in _BY_ID else act())
        if view.is_current and not view.said:
            self.say_next()
        return is_done

    async def _try(self, view: View, action: str, act: Callable[[], Awaitable[bool]]) -> bool:
        """An action that may be refused, or do nothing here."""
        if action in view.refused() and not self.may_change():
            return True
        is_useless = action in view.useless()
        if is_useless and not self.has_overview:
            view.say(self.trouble.what if self.trouble else "the history is still being read")
            return True
        if is_useless:
            view.say("")
        is_done = await act()
        if is_useless and view.is_current and not view.said:
            view.say(why_not(action))
        return is_done

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """Textual asks here who answers a key; one that nobody answers is not passed over in silence."""
        is_bound = await super()._check_bindings(key, priority)
        if not is_bound and not priority:
            self._say_unbound(key)
        return is_bound

    def _say_unbound(self, key: str) -> None:
        from tui_flow.tui.screens.form import FormScreen

        screen, ascii = self.screen, self.paint.marks.ascii
        if isinstance(screen, View | FormScreen):
            others = self.keymap.actions_of(key, not_in=screen.places())
            if others and CHANGING.issuperset(action.id for action in others) and not self.may_change():
                return  # elsewhere, it would be refused
            if action := self.keymap.moved_from(key, screen.places()):
                screen.say(moved(key_name(key, ascii), action, self.keymap.first(action, ascii)))
                return
            keys = self.keymap.first(action_named(screen.KEYS_SHOWN_BY), ascii)
            screen.say(unbound(key_name(key, ascii), others, keys))

    def action_say_how_to_leave(self) -> None:
        self.say("q goes back, and at the top leaves the console; runs go on without it")


def _collect_garbage_again() -> None:
    """What is there by now stays until the end: it is not searched any more. A console that `launch` did not start is
    a guest in its process, and changes nothing there."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
