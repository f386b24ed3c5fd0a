"""For type checkers: where this module really is, see prefect_alias."""

from tui_flow.sdk.hashing import *  # noqa: F403
