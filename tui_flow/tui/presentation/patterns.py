"""Whether a text matches a pattern of the author's: by pydantic's own regular expressions, for which no pattern takes long."""

from functools import lru_cache
from typing import Any


def matches(pattern: str, text: str) -> bool:
    """True where the pattern is one that pydantic would leave to Python."""
    found = _validator(pattern)
    return found is None or bool(found.isinstance_python(text))


@lru_cache
def _validator(pattern: str) -> Any:
    from pydantic_core import SchemaError, SchemaValidator, core_schema  # few fields have a pattern

    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError:
        return None
