"""What the run logic asks for, and the two drivers that do it: one that blocks, one that awaits.

The logic is a generator that yields effects. A driver performs each of them, and sends back what came of it or
throws in what it raised. So the logic is written once, and never knows whether it is a coroutine's.
"""

import time
from collections.abc import Callable, Generator, Iterable
from types import GeneratorType
from typing import TYPE_CHECKING, Any, TypeVar

from tui_flow.sdk import timeouts
from tui_flow.sdk.context import current

if TYPE_CHECKING:
    from tui_flow.sdk.futures import PrefectFuture
    from tui_flow.sdk.runs import FlowRun, TaskRun

T = TypeVar("T")
Logic = Generator[Any, Any, T]
"""The run logic: yields effects, returns the result."""


def drive(logic: Logic[T]) -> T:
    """Runs the logic to its end in this thread."""
    try:
        effect = next(logic)
        while True:
            try:
                answer = effect.perform()
            except BaseException as error:
                effect = logic.throw(error)
            else:
                effect = logic.send(answer)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def drive_elsewhere(logic: Logic[T], call: "Callable[[Call], Any]") -> T:
    """`drive`, with `call(effect)` doing the calls of bodies in another process; all else happens here."""
    try:
        effect = next(logic)
        while True:
            try:
                answer = call(effect) if isinstance(effect, Call) else effect.perform()
            except BaseException as error:
                effect = logic.throw(error)
            else:
                effect = logic.send(answer)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def drive_async(logic: Logic[T]) -> T:
    """Runs the logic to its end in this coroutine."""
    try:
        effect = next(logic)
        while True:
            try:
                answer = await effect.perform_async()
            except BaseException as error:
                effect = logic.throw(error)
            else:
                effect = logic.send(answer)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


class Call:
    """Calls the author's function as the body of a run. Raises timeouts.Expired at its deadline.

    A generator that it returns is consumed: what a run gives is a list.
    """

    __slots__ = ("args", "fn", "kwargs", "run", "seconds")

    def __init__(
        self,
        run: "FlowRun | TaskRun",
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        seconds: float | None = None,
    ) -> None:
        self.run, self.fn, self.args, self.kwargs, self.seconds = run, fn, args, kwargs, seconds

    def perform(self) -> Any:
        token = current.set(self.run)
        try:
            if self.seconds is None:
                return self._value()
            return timeouts.call_within(self.seconds, self._value, (), {})
        finally:
            current.reset(token)

    def _value(self) -> Any:
        value = self.fn(*self.args, **self.kwargs)
        return list(value) if value.__class__ is GeneratorType else value

    async def perform_async(self) -> Any:
        before = current.get()
        current.set(self.run)
        try:
            if self.seconds is None:
                return await self._value_async()
            return await timeouts.await_within(self.seconds, self._value_async, (), {})
        finally:
            current.set(before)  # not a token's reset: an abandoned coroutine is closed in another context

    async def _value_async(self) -> Any:
        value = await self.fn(*self.args, **self.kwargs)
        return list(value) if value.__class__ is GeneratorType else value


class Ask:
    """Calls a function of the author's that is not a body, such as a hook. It may be a coroutine function."""

    __slots__ = ("args", "fn", "run")

    def __init__(self, run: "FlowRun | TaskRun", fn: Callable[..., Any], *args: Any) -> None:
        self.run, self.fn, self.args = run, fn, args

    def perform(self) -> Any:
        token = current.set(self.run)
        try:
            answer = self.fn(*self.args)
            return run_coroutine(answer) if hasattr(answer, "__await__") else answer
        finally:
            current.reset(token)

    async def perform_async(self) -> Any:
        before = current.get()
        current.set(self.run)
        try:
            answer = self.fn(*self.args)
            return await answer if hasattr(answer, "__await__") else answer
        finally:
            current.set(before)


class Sleep:
    """Waits so many seconds."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def perform(self) -> None:
        from tui_flow.sdk.task_runners import slot_given_away

        with slot_given_away():
            time.sleep(self.seconds)

    async def perform_async(self) -> None:
        import asyncio

        await asyncio.sleep(self.seconds)


class WaitFor:
    """Waits until futures are done, however they ended."""

    __slots__ = ("futures", "seconds")

    def __init__(self, futures: "Iterable[PrefectFuture[Any]]", seconds: float | None = None) -> None:
        self.futures, self.seconds = list(futures), seconds

    def perform(self) -> None:
        from tui_flow.sdk.waiting import wait

        wait(self.futures, self.seconds)

    async def perform_async(self) -> None:
        from tui_flow.sdk.waiting import wait_async

        await wait_async(self.futures, self.seconds)


def run_coroutine(coroutine: Any) -> Any:
    """The coroutine's result, from code that cannot await. In a thread of its own where a loop already runs here."""
    import asyncio

    async def awaited() -> Any:
        return await coroutine

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(awaited())
    import contextvars
    import threading

    outcome: list[Any] = []
    copied = contextvars.copy_context()
    thread = threading.Thread(target=lambda: outcome.append(copied.run(_outcome_of, awaited)))
    thread.start()
    thread.join()
    succeeded, value = outcome[0]
    if succeeded:
        return value
    raise value


def _outcome_of(coroutine_function: Callable[[], Any]) -> tuple[bool, Any]:
    import asyncio

    try:
        return True, asyncio.run(coroutine_function())
    except BaseException as error:
        return False, error
