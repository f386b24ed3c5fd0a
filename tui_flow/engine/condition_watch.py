"""What `on_condition` watches: a function of the flow file, asked again and again in a process that is thrown away.

True makes a run each time; any other true value is what there is to do (an id, a path, a batch), and makes one run,
however often the function says it. While a run of the trigger is not over, and overlap is "skip", it is not asked.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tui_flow.contract.schedules import OnCondition
from tui_flow.contract.states import FireReason
from tui_flow.engine.children import describe_exit
from tui_flow.engine.clock import Clock
from tui_flow.engine.describing import Importing
from tui_flow.engine.watches import Happening, Sighting
from tui_flow.store.records import Schedule

CONDITION = ("-m", "tui_flow.sdk.condition")
AT_ONCE = 2
"""Processes that ask, of all triggers together."""
BUSY_SECONDS = 1.0
"""Between two looks whether it may ask: whether its run is over, or a process is free."""
MAX_KEY = 200
"""Characters; a longer value is known by its digest."""


class Question(NamedTuple):
    path: str
    """The flow file: absolute, or relative to the project."""
    function: str
    version: str
    """JSON of the version of the file that its runs are of; empty for the file as it is."""
    timeout_seconds: float


class Answer(NamedTuple):
    says: bool
    value: Any = None
    trouble: str = ""


class Asker(Protocol):
    def begin(self, question: Question) -> "asyncio.Future[Answer] | None":
        """Asks, in the background; None where others are asking."""
        ...


class ProcessAsker:
    """Asks in processes, a few at once."""

    def __init__(self, project: Path, wake: Callable[[], None]) -> None:
        self._project, self._wake = project, wake
        self._asking: set[asyncio.Task[Answer]] = set()

    def begin(self, question: Question) -> "asyncio.Future[Answer] | None":
        if len(self._asking) >= AT_ONCE:
            return None
        task = asyncio.get_running_loop().create_task(ask(self._project, question))
        self._asking.add(task)
        task.add_done_callback(self._asked)
        return task

    def _asked(self, task: "asyncio.Task[Answer]") -> None:
        self._asking.discard(task)
        self._wake()


async def ask(project: Path, question: Question) -> Answer:
    """What the function says, or why it says nothing. Cancelled, it leaves no process behind."""
    name, seconds = f"{question.function}()", question.timeout_seconds
    command = [*CONDITION, str(project), str(project / question.path), question.function, question.version]
    try:
        asking = Importing(project, command)
    except OSError as error:
        return Answer(False, trouble=f"{name} could not be asked: {error.strerror}")
    try:
        in_time = await asking.is_over(seconds)
        told = asking.answer()
    finally:
        asking.end()
    if not in_time:
        return Answer(False, trouble=f"{name} took longer than {seconds:g} s")
    if told is None or "exit" in told:
        how = describe_exit(told["exit"]) if told else "was ended"
        return Answer(False, trouble=f"{name} {how}, and said nothing")
    if "error" in told:
        line = f" ({Path(question.path).name}:{told['line']})" if told["line"] else ""
        return Answer(False, trouble=f"{told['error']}{line}")
    return Answer(bool(told["says"]), told["value"])


class ConditionWatch:
    def __init__(
        self,
        schedule: Schedule,
        when: OnCondition,
        clock: Clock,
        asker: Asker,
        question: Callable[[], Question | None],
        is_busy: Callable[[], bool],
        begin: float | None,
    ) -> None:
        """`question` gives what to ask of the flow file as it is now, None where there is none; `is_busy` tells whether a
        run stands in the way of another one."""
        self._when, self._clock, self._asker = when, clock, asker
        self._question, self._is_busy = question, is_busy
        self.memory = {"since": begin} if begin is not None else schedule.memory or {}
        self.trouble = str(self.memory.get("trouble", ""))
        self._asked: asyncio.Future[Answer] | None = None
        self._happened: Happening | None = None
        self._said = ""
        self._said_at = 0.0
        self._next_at = 0.0

    def look(self) -> Sighting | None:
        now = self._clock.monotonic()
        if self._asked is None and self._happened is None and now >= self._next_at:
            self._ask(now)
        if self._asked is not None and self._asked.done():
            self._hear(self._asked.result(), now)
            self._asked = None
        return None if self._happened is None else Sighting([self._happened], self.memory)

    def settle(self, sighting: Sighting) -> None:
        self.memory, self._happened = sighting.memory, None

    def pass_over(self, reason: FireReason, message: str) -> Sighting:  # noqa: ARG002 - as every watch
        """Nobody was asked: nothing has happened."""
        return Sighting([], self.memory)

    def due_at(self, now: float) -> float:
        if self._happened is not None:
            return now
        return float("inf") if self._asked is not None else self._next_at

    def standing(self) -> str:
        if not self._said:
            return f"{self._when.function}() was not asked yet"
        ago = self._clock.monotonic() - self._said_at
        return f"{self._when.function}() said {self._said}, {ago:.0f} s ago"

    def close(self) -> None:
        if self._asked is not None:
            self._asked.cancel()

    def _ask(self, now: float) -> None:
        question = None if self._is_busy() else self._question()
        self._asked = None if question is None else self._asker.begin(question)
        self._next_at = now + (BUSY_SECONDS if self._asked is None else self._when.poll_seconds)

    def _hear(self, answer: Answer, now: float) -> None:
        self.trouble = answer.trouble
        if answer.trouble:
            return
        text = json.dumps(answer.value, sort_keys=True)
        self._said, self._said_at = (
            ("no" if not answer.says else "yes" if answer.value is True else text[:40]),
            now,
        )
        if answer.says:
            self._happened = self._happening(answer.value, text)

    def _happening(self, value: Any, text: str) -> Happening:
        at, function = self._clock.time(), self._when.function
        if value is True:
            key, words = f"at {at!r}", f"{function}() said so"
        else:
            key = text if len(text) <= MAX_KEY else hashlib.sha256(text.encode()).hexdigest()
            words = f"{function}() said {text[:MAX_KEY]}"
        cause = {"kind": "condition", "function": function, "value": value}
        return Happening(key, at, cause, value, words)
