"""The blocks that are there from the start: `Secret`, and `JSON`, `String` and `DateTime`."""

import json
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import Field, SecretStr, field_validator
from pydantic import Secret as PydanticSecret

from tui_flow.contract.documents import checked
from tui_flow.sdk import notes
from tui_flow.sdk.blocks.core import Block
from tui_flow.sdk.masking import learn_all
from tui_flow.sdk.secret_finding import find

T = TypeVar("T")


class Secret(Block, Generic[T]):
    """A value that is shown nowhere. `load` asks the environment, what `[secrets]` of the settings says, and what
    `tui-flow secret set` or `save` have kept; `get` gives the value."""

    value: SecretStr | PydanticSecret[T] = Field(description="A value that should be kept secret.")

    @field_validator("value", mode="before")
    @classmethod
    def _hidden(cls, value: Any) -> Any:
        if hasattr(value, "get_secret_value"):
            return value
        return SecretStr(value) if isinstance(value, str) else PydanticSecret(value)

    def get(self) -> Any:
        """The value. A text that is JSON, such as an object of names and passwords, is what it stands for."""
        value = self.value.get_secret_value()
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return value

    def _hide(self) -> None:
        super()._hide()
        learn_all(self.get())

    @classmethod
    def _document(cls, name: str) -> dict[str, Any] | None:
        saved = super()._document(checked(name)) or {}
        state_dir = notes.state_dir()
        value = find(name, state_dir.parent, lambda: saved["fields"]["value"] if saved else None)
        if value is None:
            raise ValueError(
                f"there is no secret {name!r}: tui-flow secret set {name}, or say where it is in [secrets] of "
                "tui_flow.toml"
            )
        return {**saved, "fields": {"value": value}}


class JSON(Block):
    """A JSON value. A `Variable` does the same."""

    value: Any = Field(description="A JSON-compatible value.")


class String(Block):
    """A text. A `Variable` does the same."""

    value: str = Field(description="A string value.")


class DateTime(Block):
    """A time."""

    _block_type_name = "Date Time"

    value: datetime = Field(description="An ISO 8601-compatible datetime value.")
