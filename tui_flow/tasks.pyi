"""For type checkers: where this module really is, see prefect_alias."""

# mypy: disable-error-code="no-redef"

from tui_flow.sdk.assets import *  # noqa: F403
from tui_flow.sdk.cache_policies import *  # noqa: F403
from tui_flow.sdk.retries import *  # noqa: F403
from tui_flow.sdk.tasks import *  # noqa: F403
