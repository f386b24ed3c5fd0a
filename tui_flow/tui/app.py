"""The console: a disposable client of the engine. Whatever must go on, goes on without it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from rich.segment import Segment, Segments
from textual import constants
from textual.filter import Monochrome, NoColor

from tui_flow.contract import commands
from tui_flow.contract.errors import EXIT_OK, EXIT_USAGE, ReadOnly, TuiFlowError
from tui_flow.contract.rundir import ENV_PROJECT, read_spec, run_dir
from tui_flow.contract.states import TERMINAL, FlowRunState
from tui_flow.safe import safe_lines
from tui_flow.settings import Settings
from tui_flow.store.records import Alert, Flow, FlowRun
from tui_flow.tui import copying, editor, keymap, terminal
from tui_flow.tui.actions import Action, bindings, key_name
from tui_flow.tui.bridge import READS_ONLY, Bridge, RunReading
from tui_flow.tui.copying import Copyable
from tui_flow.tui.defects import keep_defect
from tui_flow.tui.keystrokes import OneKeyAtATime
from tui_flow.tui.presentation import Line, alert_list, times
from tui_flow.tui.presentation.address import Address
from tui_flow.tui.presentation.flow_list import EMPTY, Overview
from tui_flow.tui.presentation.palette import Offer
from tui_flow.tui.screens.home import HomeScreen
from tui_flow.tui.screens.view import View
from tui_flow.tui.styles import THEMES
from tui_flow.tui.watchman import Watchman
from tui_flow.tui.widgets.paint import Paint

Connect = Callable[..., Awaitable[Any]]


class Console(OneKeyAtATime[int], inherit_bindings=False):
    """The views of one project, and what they have in common: the bridge, the news, and the commands."""

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
    ) -> None:
        """`begin` is where it opens; `keys` is the file with a person's own keys, if there may be one; `yank` the file
        that what is copied goes into."""
        super().__init__()
        self._yank = yank
        self._keys_file = keys
        self.keymap, self._wrong_keys = keymap.load(keys) if keys else (keymap.Keymap(), [])
        self.set_keymap(self.keymap.for_textual())
        self.settings = settings
        self.bridge = Bridge(settings, self, connect, read_only=read_only)
        self.overview, self.has_overview = EMPTY, False
        self.engine = "connecting"
        self.no_room = ""
        """Why the engine starts no run for now."""
        self.is_in_utc = False
        self.trouble: TuiFlowError | None = None
        """What went wrong first."""
        self._begin = begin
        self.watchman = Watchman(self)
        self._undo: tuple[str, commands.Command] | None = None
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        if theme == "tui-flow-ansi":
            # Textual has chosen how to do without colour (NO_COLOR) before it knew the theme.
            self._filters = [NoColor() if isinstance(each, Monochrome) else each for each in self._filters]
        self.paint = Paint(self.get_css_variables(), ascii)
        self.set_class(ascii, "-ascii")
        self.set_class(theme == "tui-flow-ansi", "-poor")

    def get_default_screen(self) -> HomeScreen:
        return HomeScreen()

    def on_mount(self) -> None:
        if self._begin is not None:
            self.call_after_refresh(self.go_to, self._begin)
        self.run_worker(self.bridge.run(), group="bridge")
        self._second = self.set_interval(1.0, self._tick, pause=True)
        self.set_interval(60.0, self._tick_minute)
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit, 128 + signal.SIGTERM)

    def _fatal_error(self) -> None:
        """Called by Textual for an exception of the console's own, which ends it."""
        error = self._exception or RuntimeError("unknown")
        self._exit_renderables.append(Segments([Segment(keep_defect(self.settings.state_dir, error) + "\n")]))
        self._close_messages_no_wait()

    # The news, from the bridge.

    def take_overview(self, overview: Overview) -> None:
        is_first = not self.has_overview
        if is_first:
            self._say_first()
        self.overview, self.has_overview = overview, True
        self.watchman.take(overview.alerts, is_first=is_first)
        if overview.active:
            self._second.resume()
        else:
            self._second.pause()
        for view in self._views():
            view.take_overview()

    def new_alerts(self) -> list[Alert]:
        return alert_list.new_ones(self.overview.alerts, time.time())

    def _say_first(self) -> None:
        """What is to be known from the beginning."""
        read_only = self.bridge.read_only
        if self._wrong_keys:
            self.call_after_refresh(self.say, self._wrong_keys[0], "warn")
        elif read_only is not None and read_only is not READS_ONLY:
            self.call_after_refresh(self.say, read_only.what, "warn")
        elif self.no_room:
            self.call_after_refresh(self.say, f"no run is started: {self.no_room}", "bad")

    def take_run(self, reading: RunReading) -> None:
        for view in self._views():
            view.take_run(reading)

    def take_engine(self, state: str, error: TuiFlowError | None) -> None:
        self.engine = state
        for view in self._views():
            view.update_header()
        if error is not None:
            self._take_error(error)

    def take_room(self, reason: str) -> None:
        before, self.no_room = self.no_room, reason
        if bool(reason) == bool(before):
            return
        for view in self._views():
            view.update_header()
        if reason:
            self.say(f"no run is started: {reason}", "bad")
        elif self.engine == "ok":
            self.say("there is room again: runs are started")

    def take_trouble(self, error: TuiFlowError | None) -> None:
        if error is not None:
            self._take_error(error)

    def _take_error(self, error: TuiFlowError) -> None:
        """Says it, and where there is nothing else to show yet, says all of it."""
        self._complain(error)
        self.trouble = self.trouble or error
        for view in self._views():
            view.take_trouble(self.trouble)

    def _tick(self) -> None:
        for view in self._views()[-1:]:
            view.tick()

    def on_app_focus(self) -> None:
        self.watchman.is_looked_at = True

    def on_app_blur(self) -> None:
        self.watchman.is_looked_at = False

    def _tick_minute(self) -> None:
        self.watchman.note_seen()
        for view in self._views()[-1:]:
            view.tick_minute()

    def _views(self) -> list[View]:
        return [screen for screen in self.screen_stack if isinstance(screen, View) and screen.is_mounted]

    def say(self, text: str, role: str = "") -> None:
        """A sentence above the footer of the view on top."""
        for view in self._views()[-1:]:
            view.say(text, role)

    def _complain(self, error: TuiFlowError) -> None:
        self.say("  ".join(part for part in (error.what, error.where, error.next) if part), "bad")

    # Commands, which never hold up the keyboard.

    def may_change(self) -> bool:
        """Whether this console may change anything; says so where not."""
        if self.bridge.read_only is not None:
            self._complain(self.bridge.read_only)
        return self.bridge.read_only is None

    async def go_to(self, place: Address) -> None:
        """Shows the place that an address leads to."""
        await self.action_view(place.view)
        if place.run_id is not None:
            self.open_run(place.run_id, place.line, place.task_id)
        elif place.text and isinstance(self.screen, HomeScreen):
            self.screen.prompt_changed(place.text)
            self.screen.prompt_entered(place.text)

    def open_run(self, run_id: int, line: int | None = None, task_id: int | None = None) -> None:
        """The Run view of a run, in place of the one on top if there is one; at a line of its log (from 0), or at a task
        run of it, if asked."""
        from tui_flow.tui.screens.run import RunScreen

        if isinstance(self.screen, RunScreen):
            self.screen.open_run(run_id, line, task_id)
        else:
            self.push_screen(RunScreen(run_id, line, task_id))

    def shows_run(self, run_id: int) -> bool:
        """Whether the view on top is that of this run."""
        from tui_flow.tui.screens.run import RunScreen

        return isinstance(self.screen, RunScreen) and self.screen.run_id == run_id

    def asked_parameters(self, run: FlowRun) -> dict[str, Any]:
        """What a run was asked for with, whole: its row has the values as they read after validation, cut short."""
        spec = read_spec(run_dir(self.settings.state_dir, run.id))
        return run.parameters if spec is None else spec.parameters

    def rerun(self, run: FlowRun, task: str = "") -> None:
        """Asks how a run is to be run again; `task` is one that it may begin with."""
        from tui_flow.tui.rerunning import Rerunning

        if self.may_change():
            Rerunning(self, run, task).ask()

    def run_again(self, run: FlowRun, *, ask: bool, open_it: bool) -> None:
        """Starts the flow of a run with the parameters that the run was asked for with; other ones if wanted."""
        flow = self.flow_of(run)
        if flow is None:
            self.say(f"there is no flow {run.flow} any more")
        else:
            self.run_flow(flow, self.asked_parameters(run), ask=ask, open_it=open_it)

    def flow_of(self, run: FlowRun) -> Flow | None:
        return next((flow for flow in self.overview.flows if flow.name == run.flow), None)

    def run_flow(self, flow: Flow, values: Mapping[str, Any], *, ask: bool, open_it: bool) -> None:
        """Starts a flow with these values; asks for them first if wanted, or if one is needed."""
        from tui_flow.tui.screens.form import FormScreen

        if not self.may_change():
            return
        known = flow.parameters.get("properties", {})
        missing = set(flow.parameters.get("required", ())) - set(values)
        if ask and not known:
            self.say(f"{flow.name} takes no parameters; r runs it")
        elif ask or missing:
            self.push_screen(
                FormScreen(flow, values),
                lambda chosen: None if chosen is None else self._start(flow, chosen, open_it),
            )
        else:
            self._start(flow, {name: value for name, value in values.items() if name in known}, open_it)

    def _start(self, flow: Flow, parameters: dict[str, Any], open_it: bool) -> None:
        self.say(
            f"starting {flow.name} …" if not self.paint.marks.ascii else f"starting {flow.name} ...", "dim"
        )
        command = commands.RunFlow(flow=flow.name, parameters=parameters, trigger="console")

        def started(answer: dict[str, Any]) -> None:
            run_id = int(answer["run_id"])
            if open_it:
                self.open_run(run_id)
            self.say(
                f"run {run_id} of {flow.name} is on its way"
                + ("" if open_it else f"; {self._enter} opens it")
            )

        self.run_worker(self._ask(command, started), group="commands")

    @property
    def _enter(self) -> str:
        return self.paint.marks.enter

    def end_run(self, run: FlowRun, *, kill: bool) -> None:
        """Cancels or kills a run, if there is anything to end, and if whoever asks means it."""
        if run.state in TERMINAL:
            self.say(f"run {run.id} is over: {run.state}")
        elif run.state is FlowRunState.CANCELLING and not kill:
            self.say(f"run {run.id} is being cancelled; X kills it")
        else:
            self.cancel_run(run, kill=kill)

    def cancel_run(self, run: FlowRun, *, kill: bool) -> None:
        """Asks whether a run shall end, then asks the engine to end it."""
        from tui_flow.tui.screens.dialogs import ConfirmScreen

        if not self.may_change():
            return
        verb = "Kill" if kill else "Cancel"
        grace = f"TERM, and KILL after {self.settings.grace_seconds:g}s"
        how = "all its processes get KILL at once" if kill else f"its processes get {grace}"
        lines: list[Line] = [
            [
                ("run ", ""),
                (str(run.id), "strong"),
                (" of ", ""),
                (run.flow, "strong"),
                (f" is {run.state}", ""),
            ],
            [(f"What it has done stays; {how}.", "dim")],
        ]
        command = commands.CancelRun(run_id=run.id, kill=kill)

        def told(answer: dict[str, Any]) -> None:
            over = answer["state"] in TERMINAL
            self.say(f"run {run.id} is {answer['state']}" if over else f"run {run.id} was asked to end")

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._ask(command, told))

        self.push_screen(
            ConfirmScreen(f"{verb} run {run.id}?", lines, "Keep it running", f"{verb} it"), answered
        )

    def ask(self, command: commands.Command, then: Callable[[dict[str, Any]], None]) -> None:
        """Asks the engine, and says it where that refuses."""
        self.run_worker(self._ask(command, then), group="commands")

    def do(
        self, command: commands.Command, said: str, *, undo: tuple[str, commands.Command] | None = None
    ) -> None:
        """Asks for what can be undone: `undo` says what it was, and the command that takes it back."""

        def done(_: dict[str, Any]) -> None:
            self._undo = undo
            self.say(said)

        self.ask(command, done)

    def pause_or_resume(self, name: str, flow: str, slug: str = "", *, resume: bool) -> None:
        """A schedule, or all of a flow."""
        pause, wake = commands.PauseSchedules(flow, slug), commands.ResumeSchedules(flow, slug)
        if resume:
            self.do(wake, f"{name} fires again; u undoes", undo=(f"resume of {name}", pause))
        else:
            self.do(pause, f"{name} is paused: it fires no more; u undoes", undo=(f"pause of {name}", wake))

    async def _ask(self, command: commands.Command, then: Callable[[dict[str, Any]], None]) -> None:
        try:
            then(await self.bridge.ask(command))
        except TuiFlowError as error:
            self._complain(error)

    def edit_run(self, run: FlowRun) -> None:
        """Opens the editor where a run failed, else at its flow."""
        if run.failure is not None and run.failure.path:
            self.edit(Path(run.failure.path), run.failure.line)
        else:
            flow = self.flow_of(run)
            self.edit(Path(run.path), flow.line if flow else 0)

    def edit(self, path: Path, line: int) -> None:
        """Opens the user's editor in place of the console."""
        if not self.may_change():
            return
        path = path if path.is_absolute() else self.settings.project / path
        try:
            command = editor.command(path, line)
        except ValueError as error:
            self.say(str(error), "warn")
            return
        if not path.is_file():
            self.say(f"there is no file {path}", "warn")
            return
        with self.suspend():
            done = subprocess.run(command, check=False)
        self.action_redraw()
        where = f"{path.name}, line {line}" if line else path.name
        self.say(
            f"edited {where}"
            if done.returncode == 0
            else f"{command[0]} ended with exit code {done.returncode}"
        )

    def page(self, path: Path, line: int) -> None:
        """Shows a file in the user's pager in place of the console, from a line on."""
        try:
            command, environ = editor.pager(path, line)
        except ValueError as error:
            self.say(str(error), "warn")
            return
        with self.suspend():
            subprocess.run(command, check=False, env=environ)
        self.action_redraw()

    def debug_run(self, run: FlowRun) -> None:
        """Runs a run again in place of the console, under pdb; what succeeded is reused."""
        directory = run_dir(self.settings.state_dir, run.id)
        command = [sys.executable, "-m", "tui_flow.sdk.debugging", str(directory)]
        with self.suspend():
            subprocess.run(command, check=False, env={**os.environ, ENV_PROJECT: str(self.settings.project)})
            sys.stdout.write("\nback to the console with Enter ")
            sys.stdout.flush()
            sys.stdin.readline()
        self.action_redraw()
        self.say(f"run {run.id} was run again under pdb, as a run of its own")

    def copy(self, text: str, what: str) -> None:
        """To the terminal's clipboard, as far as the terminal allows it, and into a file: it gives no answer."""
        text = "\n".join(safe_lines(text))  # it may be pasted into a shell
        self._clipboard = text  # of Textual's own fields
        if self._driver is not None:
            self._driver.write(copying.sequence(text))
        lines = text.count("\n") + 1
        said = f"copied {what}" + (f" ({lines:,} lines)" if lines > 1 else "")
        if not copying.is_whole(text):
            said += f"; the terminal takes its first {copying.MAX_BYTES // 1024} KiB"
        try:
            if self._yank is not None:
                copying.keep(self._yank, text)
                said += f"; it is in {self._yank}, too"
        except OSError as error:
            said += f"; {self._yank} cannot be written: {error.strerror}"
        self.say(said)

    def copy_menu(self, things: Sequence[Copyable]) -> None:
        """Asks what is to be copied; the key of the menu pressed twice copies the first thing."""
        from tui_flow.tui.screens.menu import Choice, MenuScreen

        if not things:
            self.say("there is nothing to copy")
            return
        by_key = {thing.key: thing for thing in things}
        choices = [Choice(thing.key, thing.what, thing.preview) for thing in things]

        def chosen(key: str | None) -> None:
            if key is not None:
                self.copy(by_key[key].text, f"the {by_key[key].what}")

        self.push_screen(MenuScreen("Copy", choices, opens_with="y"), chosen)

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

    def action_zone(self) -> None:
        self.is_in_utc = not self.is_in_utc
        times.show_utc(self.is_in_utc)
        for view in self._views():
            view.update_header()
            view.take_overview()
            view.query("*").refresh()
        self.say(
            "times are UTC; T shows them as on this machine" if self.is_in_utc else "times are this machine's"
        )

    def action_saved_views(self) -> None:
        from tui_flow.tui.screens import saved

        if isinstance(self.screen, View):
            saved.ask(self)

    def action_undo(self) -> None:
        """Takes back what was done last, once."""
        if self._undo is None:
            self.say("nothing to undo")
            return
        what, command = self._undo
        self._undo = None
        self.ask(command, lambda _: self.say(f"undone: {what}"))

    def action_redraw(self) -> None:
        self.screen.refresh(layout=True, repaint=True)

    def action_help(self) -> None:
        from tui_flow.tui.offers import actions_of
        from tui_flow.tui.screens.palette import HelpScreen

        view = self.screen
        if isinstance(view, View):
            offers = actions_of(self, view)
            self.push_screen(HelpScreen(offers, self.rebind, view.places(), self.keymap), self._take_offer)

    def action_commands(self) -> None:
        from tui_flow.tui.offers import offers_of
        from tui_flow.tui.screens.palette import PaletteScreen

        if isinstance(self.screen, View):
            self.push_screen(PaletteScreen(offers_of(self, self.screen), self.rebind), self._take_offer)

    def _take_offer(self, offer: Offer | None) -> None:
        if offer is not None:
            self.call_later(offer.act)

    def rebind(self, name: str) -> None:
        """Asks for another key for an action, and writes it down."""
        from tui_flow.tui.screens.palette import KeyScreen, action_named

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
            return f"{done}; for now, since {self._keys_file} cannot be written: {error.strerror}"
        return f"{done}; kept in {self._keys_file}"

    def action_say_how_to_leave(self) -> None:
        self.say("q leaves; runs go on without the console")


def run(
    settings: Settings,
    *,
    ascii: bool | None = None,
    mouse: bool = True,
    theme: str = "auto",
    read_only: ReadOnly | None = None,
    begin: Address | None = None,
) -> int:
    """Shows the console until somebody leaves it. The exit code: 0, or 2 where the terminal will not do.

    `ascii` None and `theme` "auto" find out what the terminal can show; `begin` is where it opens.
    """
    from tui_flow.tui.presentation.glyphs import wants_ascii

    trouble = terminal.why_unusable()
    if trouble:
        sys.stderr.write(
            f"{trouble}\nthe commands work everywhere: tui-flow flows, tui-flow run FLOW, tui-flow runs\n"
        )
        return EXIT_USAGE
    terminal.leave_on_hang_up()
    setattr(constants, "ESCAPE_DELAY", terminal.escape_seconds(constants.ESCAPE_DELAY))  # noqa: B010
    console = Console(
        settings,
        ascii=wants_ascii() if ascii is None else ascii,
        theme=terminal.theme_name(theme),
        read_only=read_only,
        begin=begin,
        keys=keymap.path_of_keys(),
        yank=copying.yank_path(),
    )
    code = console.run(mouse=mouse)
    active = console.overview.active
    if active:
        sys.stdout.write(
            f"{active} run{'s' if active > 1 else ''} continue{'' if active > 1 else 's'}; reattach: tui-flow\n"
        )
    return code or console.return_code or EXIT_OK
