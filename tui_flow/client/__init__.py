"""Talks to a project's engine, and starts it where none is running. A blocking and an asyncio connection, one codec.

    with client.connect(settings) as engine:
        run_id = engine.ask(RunFlow("etl"))["run_id"]

Everything here raises EngineError where the engine cannot be reached or does not come up, and what the engine answers
as the error of `contract.errors` that it is.
"""

from typing import TYPE_CHECKING

from tui_flow.settings import Settings

if TYPE_CHECKING:
    from tui_flow.client.asynchronous import AsyncConnection
    from tui_flow.client.blocking import Connection


START_SECONDS = 15.0
"""Within which an engine comes up."""


def connect(settings: Settings, *, start: bool = True, timeout: float = START_SECONDS) -> "Connection":
    """A connection to the project's engine. Without `start`, EngineError where none is running.

    Raises StateDirError where the state directory cannot be used, HistoryError where the engine refuses the history,
    and, with the end of engine.log, EngineError where none comes up within `timeout` seconds.
    """
    from tui_flow.client.blocking import Connection
    from tui_flow.client.reaching import reach

    return Connection(reach(settings, start, timeout))


async def connect_async(settings: Settings, *, start: bool = True) -> "AsyncConnection":
    """The same for asyncio; the loop is not held up meanwhile."""
    import asyncio

    from tui_flow.client.asynchronous import AsyncConnection
    from tui_flow.client.reaching import reach
    from tui_flow.contract import wire

    end = await asyncio.to_thread(reach, settings, start, START_SECONDS)
    end.settimeout(None)
    reader, writer = await asyncio.open_unix_connection(sock=end, limit=wire.MAX_LINE)
    return AsyncConnection(reader, writer)
