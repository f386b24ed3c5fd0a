"""For type checkers: where this module really is, see prefect_alias."""

from tui_flow.sdk.concurrency.asyncio import *  # noqa: F403
