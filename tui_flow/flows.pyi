"""For type checkers: where this module really is, see prefect_alias."""

# mypy: disable-error-code="no-redef"

from tui_flow.sdk.flows import *  # noqa: F403
from tui_flow.sdk.serving import *  # noqa: F403
from tui_flow.sdk.sources import *  # noqa: F403
from tui_flow.sdk.states import *  # noqa: F403
