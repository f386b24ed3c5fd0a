"""The console as a person meets it: what stands on the screen, keys to press, and an engine that a test plays."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from tests.tui.project import Project
from tui_flow.contract import changes, commands
from tui_flow.contract.changes import Change
from tui_flow.contract.errors import EngineError, TuiFlowError
from tui_flow.tui.app import Console
from tui_flow.tui.presentation.address import Address

_CHARACTERS = {
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
    "question_mark": "?",
    "ampersand": "&",
    "space": " ",
}


def callers_of(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> set[threading.Thread]:
    """The threads that call a module's function from now on."""
    callers: set[threading.Thread] = set()
    function = getattr(module, name)

    def called(*args: Any) -> Any:
        callers.add(threading.current_thread())
        return function(*args)

    monkeypatch.setattr(module, name, called)
    return callers


class FakeEngine:
    """Answers as the test says, and tells of what the test changed."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answers: dict[type, Any] = {
            commands.Subscribe: {},
            commands.PreviewRerun: commands.RerunPreview(5, 3, 0, 3, 0, 0)._asdict(),
        }
        self.snapshot = changes.Snapshot(1, 0.0)
        self.is_up = True
        self.starts: list[bool] = []
        """Of each time that it was looked for: whether it was to be started."""
        self._told: asyncio.Queue[tuple[int, Change] | None] = asyncio.Queue()
        self._seq = 0

    async def connect(self, settings: Any, *, start: bool) -> "FakeEngine":
        self.starts.append(start)
        if not self.is_up:
            raise EngineError("the engine cannot be started")
        self._told = asyncio.Queue()
        return self

    async def ask(self, command: Any) -> dict[str, Any]:
        if not isinstance(command, commands.GetStatus):  # every console asks how the engine is
            self.asked.append(command)
        if isinstance(command, commands.Subscribe):
            self.tell(self.snapshot)
        answer = self.answers.get(type(command), {})
        answer = answer(command) if callable(answer) else answer
        if isinstance(answer, TuiFlowError):
            raise answer
        return dict(answer)

    def asked_for(self, kind: type) -> list[Any]:
        """The commands of one kind so far."""
        return [command for command in self.asked if isinstance(command, kind)]

    async def changes(self) -> AsyncIterator[tuple[int, Change]]:
        while (told := await self._told.get()) is not None:
            yield told

    async def close(self) -> None:
        return

    def tell(self, change: Change, *, skipping: int = 0) -> None:
        """Tells of a change, as if some before it had been dropped."""
        self._seq += 1 + skipping
        self._told.put_nowait((self._seq, change))

    def die(self) -> None:
        self.is_up = False
        self._told.put_nowait(None)


class Page:
    """One console on a project."""

    def __init__(self, pilot: Pilot[Any], engine: FakeEngine) -> None:
        self.pilot, self.engine = pilot, engine
        self._pressed = asyncio.Event()

    @property
    def app(self) -> Console:
        return self.pilot.app  # type: ignore[return-value]

    @property
    def text(self) -> str:
        """The screen as plain text, one line a row."""
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        strips = self.app.screen._compositor.render_strips()
        return [strip.text for strip in strips]

    @property
    def message(self) -> str:
        return self.line_of(-2)

    @property
    def footer(self) -> str:
        return self.line_of(-1)

    def line_of(self, number: int) -> str:
        return self.lines[number].strip()

    def line_with(self, text: str) -> str:
        """The first row of the screen that has this text; fails where there is none."""
        found = next((line for line in self.lines if text in line), None)
        assert found is not None, f"no line with {text!r}:\n{self.text}"
        return found

    def order_of(self, *texts: str) -> list[str]:
        """Those of the texts that stand on the screen, from top to bottom."""
        there = [(self.text.find(text), text) for text in texts if text in self.text]
        return [text for _, text in sorted(there)]

    async def press(self, *keys: str) -> None:
        app = self.app
        for key in keys:
            app.post_message(events.Key(key, _CHARACTERS.get(key, key if len(key) == 1 else None)))
            app.call_later(self._pressed.set)
            await asyncio.wait_for(self._pressed.wait(), 5)
            self._pressed.clear()
            while app._key_in_hand is not None and app._exception is None:
                await asyncio.sleep(0)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*("space" if character == " " else character for character in text))

    async def look_for(self, text: str) -> None:
        """Enters a text into the line that `/` opens."""
        await self.press("slash", "ctrl+u")
        await self.type(text)
        await self.press("enter")

    async def shows(self, *texts: str) -> None:
        """Waits until all of these stand on the screen."""
        await self.until(lambda: all(text in self.text for text in texts), f"{texts} to be shown")

    async def ticks_until(self, *texts: str) -> None:
        """The same, of what is looked at once a second: without the wait for the second."""

        def ticked() -> bool:
            self.app._tick()
            return all(text in self.text for text in texts)

        await self.until(ticked, f"{texts} to be shown")

    async def hides(self, text: str) -> None:
        await self.until(lambda: text not in self.text, f"{text!r} to go away")

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        for _ in range(300):
            await asyncio.sleep(0.01)
            if condition():
                return
        raise AssertionError(f"waited in vain for {what}:\n{self.text}\n{self.app._exception}")


@asynccontextmanager
async def console(
    project: Project,
    *,
    size: tuple[int, int] = (80, 24),
    engine: FakeEngine | None = None,
    open_run: int | None = None,
    **how: Any,
) -> AsyncIterator[Page]:
    """A console on this project, with an engine that the test plays."""
    engine = engine or FakeEngine()
    if open_run is not None:
        how["begin"] = Address("runs", run_id=open_run)
    app = Console(project.settings, connect=engine.connect, **how)
    async with app.run_test(size=size) as pilot:
        page = Page(pilot, engine)
        await page.until(lambda: app.has_overview, "the history to be read")
        await pilot.pause()
        yield page
