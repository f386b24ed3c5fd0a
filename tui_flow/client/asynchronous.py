"""A connection to the engine for asyncio."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from tui_flow.client.codec import ANSWER_SECONDS, Codec, gone, message_of
from tui_flow.contract.changes import Change, EngineStopping
from tui_flow.contract.commands import Command
from tui_flow.contract.errors import EngineError


class AsyncConnection:
    """One task may ask while another one iterates over `changes()`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self._codec = reader, writer, Codec()
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._changes: asyncio.Queue[tuple[int, Change] | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._read())

    async def ask(self, command: Command, timeout: float = ANSWER_SECONDS) -> dict[str, Any]:
        """The engine's result. Raises what it answered; EngineError where it has gone or stays silent."""
        if self._task.done():
            raise gone()
        id, line = self._codec.request(command)
        answer = self._answers[id] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(line)
            return await asyncio.wait_for(answer, timeout)
        except TimeoutError:
            raise EngineError(f"the engine did not answer within {timeout:g} s") from None
        finally:
            del self._answers[id]

    async def changes(self) -> AsyncIterator[tuple[int, Change]]:
        """Sequence numbers and changes, after `ask(Subscribe())`; ends when the engine does, or is gone."""
        while (found := await self._changes.get()) is not None:
            yield found
            if isinstance(found[1], EngineStopping):
                return

    async def close(self) -> None:
        self._task.cancel()
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        """Sorts what comes: answers to those who wait for them, changes into the queue."""
        failed: EngineError = gone()
        try:
            while line := await self._reader.readline():
                self._sort(line)
        except EngineError as error:
            failed = error
        except (OSError, ValueError) as error:
            failed = gone(error)
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(failed)
            self._changes.put_nowait(None)

    def _sort(self, line: bytes) -> None:
        message = message_of(line)
        if "change" in message:
            change = self._codec.change(line)
            if change is not None:
                self._changes.put_nowait(change)
            return
        id = message.get("id")
        waiting = self._answers.items() if id is None else [(id, self._answers.get(id))]
        for asked, answer in waiting:
            if answer is None or answer.done():
                continue
            try:
                answer.set_result(self._codec.result(line, asked) or {})
            except Exception as error:
                answer.set_exception(error)
