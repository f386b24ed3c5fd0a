"""Types for fields of blocks."""

from typing import Any

from pydantic import Secret

SecretDict = Secret[dict[str, Any]]
"""An object all of which is secret; `get_secret_value()` gives it."""
