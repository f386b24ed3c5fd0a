"""Flows and tasks whose body is a generator: what they yield goes to who iterates, while the run goes on."""

import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

from tui_flow.sdk import signals, timeouts
from tui_flow.sdk.context import current
from tui_flow.sdk.effects import Call, Logic
from tui_flow.sdk.exceptions import TerminationSignal
from tui_flow.sdk.states import State

Begun = AbstractContextManager[Logic[State[Any]]]
"""Makes the run, and gives its logic. Entered with the first step: who never iterates has run nothing."""
Finish = Callable[[State[Any]], Any]
"""What the iteration returns, or raises, at its end."""


def iterate(begun: Begun, finish: Finish) -> Generator[Any, Any, Any]:
    """Drives the logic to its end, and yields what the body yields."""
    with begun as logic:
        try:
            effect = next(logic)
            while True:
                try:
                    steps = isinstance(effect, CallGenerator)
                    answer = (yield from effect.each()) if steps else effect.perform()
                except GeneratorExit:  # who iterates has had enough, and the body is closed
                    effect = logic.throw(TerminationSignal()) if signals.terminated else logic.send(None)
                except BaseException as error:
                    effect = logic.throw(error)
                else:
                    effect = logic.send(answer)
        except StopIteration as end:
            state = end.value
    return finish(state)


async def iterate_async(begun: Begun, finish: Finish) -> AsyncGenerator[Any, Any]:
    """`iterate`, for a body that is an async generator."""
    with begun as logic:
        try:
            effect = next(logic)
            while True:
                answer = None
                try:
                    if isinstance(effect, CallGenerator):
                        steps = effect.each_async()
                        async for item in steps:
                            try:
                                steps.sent = yield item
                            except BaseException as thrown:
                                steps.thrown = thrown
                    else:
                        answer = await effect.perform_async()
                except BaseException as error:
                    effect = logic.throw(error)
                else:
                    effect = logic.send(answer)
        except StopIteration as end:
            state = end.value
    finish(state)


class CallGenerator(Call):
    """Calls a generator function as the body of a run. Driven by who wants a result, that is the list of what it
    yields; driven step by step, only its steps are the run's, and the time in between counts for its deadline."""

    __slots__ = ("due",)

    def _value(self) -> Any:
        items = self.fn(*self.args, **self.kwargs)
        if self.run.number == 0 and self.run.tree.in_worker:  # nobody will ever ask
            for _ in items:
                pass
            return None
        return list(items)

    async def _value_async(self) -> Any:
        return [item async for item in self.fn(*self.args, **self.kwargs)]

    def each(self) -> Generator[Any, Any, Any]:
        """What the body yields; returns what it returns. Closed before the end, it closes the body."""
        self._wind()
        body = self.fn(*self.args, **self.kwargs)
        advance, argument = body.send, None
        while True:
            try:
                item = self._step(advance, argument)
            except StopIteration as end:
                return end.value
            try:
                advance, argument = body.send, (yield item)
            except GeneratorExit:
                self._step(body.close)
                raise
            except BaseException as error:
                advance, argument = body.throw, error

    def each_async(self) -> "_AsyncSteps":
        self._wind()
        return _AsyncSteps(self, self.fn(*self.args, **self.kwargs))

    def _wind(self) -> None:
        self.due = None if self.seconds is None else time.monotonic() + self.seconds

    def _left(self) -> float:
        """Seconds. Raises Expired when there are none."""
        assert self.due is not None
        left = self.due - time.monotonic()
        if left <= 0:
            raise timeouts.Expired
        return left

    def _step(self, advance: Callable[..., Any], *arguments: Any) -> Any:
        token = current.set(self.run)
        try:
            if self.due is None:
                return advance(*arguments)
            return timeouts.call_within(self._left(), advance, arguments, {})
        finally:
            current.reset(token)

    async def step_async(self, advance: Callable[..., Any], *arguments: Any) -> Any:
        """One step of the body."""
        before = current.get()
        current.set(self.run)
        try:
            if self.due is None:
                return await advance(*arguments)
            return await timeouts.await_within(self._left(), advance, arguments, {})
        finally:
            current.set(before)


class _AsyncSteps:
    """The steps of an async generator's body, and what was sent or thrown into it since the last."""

    def __init__(self, call: CallGenerator, body: Any) -> None:
        self._call, self._body = call, body
        self.sent: Any = None
        self.thrown: BaseException | None = None

    def __aiter__(self) -> "_AsyncSteps":
        return self

    async def __anext__(self) -> Any:
        thrown, self.thrown = self.thrown, None
        if isinstance(thrown, GeneratorExit):
            await self._call.step_async(self._body.aclose)
            raise StopAsyncIteration
        if thrown is not None:
            return await self._call.step_async(self._body.athrow, thrown)
        return await self._call.step_async(self._body.asend, self.sent)
