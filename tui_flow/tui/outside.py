"""What happens outside of the console's own screen: programs in its place, and text that leaves it."""

import os
import signal
import subprocess
import sys
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tui_flow.contract.rundir import ENV_PROJECT, run_dir
from tui_flow.safe import safe, safe_lines
from tui_flow.settings import Settings
from tui_flow.store.records import Flow, FlowRun
from tui_flow.tui import copying, editor
from tui_flow.tui.copying import Copyable
from tui_flow.tui.keystrokes import OneKeyAtATime


class Outside(OneKeyAtATime[int], inherit_bindings=False):
    """Gives the terminal to the editor, the pager or the debugger, and text to the clipboard."""

    settings: Settings
    _yank: Path | None
    """Where what was copied is kept, too."""

    @abstractmethod
    def may_change(self) -> bool: ...
    @abstractmethod
    def flow_of(self, run: FlowRun) -> Flow | None: ...
    @abstractmethod
    def say(self, text: str, role: str = "", *, stays: bool = False) -> None: ...
    @abstractmethod
    def action_redraw(self) -> None: ...

    @contextmanager
    def _away(self) -> Iterator[None]:
        """While another program has the terminal: Ctrl-C is meant for that one, and ends nothing here."""
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            with self.suspend():
                yield
        finally:
            signal.signal(signal.SIGINT, before)

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
        before = _content(path)
        with self._away():
            done = subprocess.run(command, check=False)
        self.action_redraw()
        if done.returncode != 0:
            self.say(f"{command[0]} ended with exit code {done.returncode}")
            return
        is_same = before is not None and _content(path) == before
        said = f"{path.name} is as it was" if is_same else f"edited {path.name}"
        if line and not editor.takes_line(command):
            opened = "; opened" if is_same else ","
            said += f"{opened} not at line {line}: {Path(command[0]).name} has no known line option"
        elif line and not is_same:
            said += f", line {line}"
        self.say(said)

    def edit_text(self, text: str, name: str, line: int) -> str:
        """Opens a text in the user's editor in place of the console, and gives what it is then. Nobody else can read it
        meanwhile, and nothing of it is left behind. Raises ValueError, and OSError, where it cannot be edited."""
        with TemporaryDirectory(prefix="edit-", dir=self.settings.state_dir) as folder:
            path = Path(folder) / name
            path.write_text(text, "utf-8")
            path.chmod(0o600)
            command = editor.command(path, line)
            try:
                with self._away():
                    subprocess.run(command, check=False)
                return path.read_text("utf-8")
            finally:
                self.action_redraw()

    def page(self, lines: Iterable[str], at: int) -> None:
        """Shows lines in the user's pager in place of the console, made harmless, from one on (counted from 1). It gets
        them while it shows them: a log may have a million, and who reads it may have seen enough before."""
        try:
            command, environ = editor.pager(at)
        except ValueError as error:
            self.say(str(error), "warn")
            return
        with self._away(), subprocess.Popen(command, stdin=subprocess.PIPE, env=environ) as pager:
            assert pager.stdin is not None
            with suppress(BrokenPipeError), pager.stdin as pipe:
                pipe.writelines(f"{safe(line)}\n".encode("utf-8", "replace") for line in lines)
        self.action_redraw()

    def debug_run(self, run: FlowRun) -> None:
        """Runs a run again in place of the console, under pdb; what succeeded is reused."""
        directory = run_dir(self.settings.state_dir, run.id)
        command = [sys.executable, "-m", "tui_flow.sdk.debugging", str(directory)]
        with self._away():
            subprocess.run(command, check=False, env={**os.environ, ENV_PROJECT: str(self.settings.project)})
            sys.stdout.write("\nback to the console with Enter ")
            sys.stdout.flush()
            sys.stdin.readline()
        self.action_redraw()
        self.say(f"run {run.id} was run again under pdb, as a run of its own")

    def copy(self, text: str, what: str) -> str:
        """To the terminal's clipboard, as far as the terminal allows it, and into a file: it gives no answer. What there is
        to say of it."""
        text = "\n".join(safe_lines(text))  # it may be pasted into a shell
        self._clipboard = text  # of Textual's own fields
        if self._driver is not None:
            self._driver.write(copying.sequence(text))
        many, is_whole = copying.line_count(text), copying.is_whole(text)
        said = f"copied {what}" + (f" ({many})" if many else "")
        if not is_whole:
            said = f"copied the first {copying.MAX_BYTES // 1024} KiB of {what}"
        if self._yank is None:
            return said
        try:
            copying.keep(self._yank, text)
            said += ", also to " if is_whole else "; all is in "
        except OSError as error:
            said += f", not kept, {error.strerror}: "
        return said + copying.near_home(self._yank)

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
                self.say(self.copy(by_key[key].text, f"the {by_key[key].what}"))

        self.push_screen(MenuScreen("Copy", choices, opens_with="y"), chosen)


def _content(path: Path) -> bytes | None:
    """What is in a file; None where that cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None
