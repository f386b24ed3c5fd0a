"""For type checkers: where this module really is, see prefect_alias."""

from tui_flow.sdk.cache_policies import *  # noqa: F403
