"""`Block`: pydantic models that are saved under a name, for classes of the author's own."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from tui_flow.sdk.blocks.saving import Saved, class_of, load_from, place_of, register
from tui_flow.sdk.masking import learn_all
from tui_flow.sdk.readable import as_json

_SAVED_AS = "$block"
"""The one key of what stands for a block inside of another that is saved itself: `<type>/<name>`."""
_INLINE = {"$block_type", "fields"}
"""The keys of what stands for one that is not."""


class Block(Saved, BaseModel):
    """Typed configuration. Fields of pydantic's SecretStr are saved (0600), and shown nowhere.

    A block inside of another that was saved itself is not copied: the other one loads what it is then.
    """

    model_config = ConfigDict(
        extra="allow", arbitrary_types_allowed=True, populate_by_name=True, protected_namespaces=()
    )

    _block_type_name: ClassVar[str | None] = None
    _block_type_slug: ClassVar[str | None] = None
    _logo_url: ClassVar[Any] = None
    _documentation_url: ClassVar[Any] = None
    _description: ClassVar[str | None] = None
    _code_example: ClassVar[str | None] = None
    _block_schema_capabilities: ClassVar[list[str] | None] = None
    _block_document_name: str | None = PrivateAttr(None)
    _block_document_id: UUID | None = PrivateAttr(None)

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self._hide()
        self.block_initialization()

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self._hide()

    def _hide(self) -> None:
        """What is secret in it is shown nowhere from now on."""
        for _, value in self:
            _hide_in(value)

    def block_initialization(self) -> None:
        """For subclasses: called when a block has been made, or loaded."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        register(cls)

    def _to_fields(self) -> dict[str, Any]:
        return {name: _plain(value) for name, value in self if name != "block_type_slug"}

    @classmethod
    def _from_fields(cls, fields: dict[str, Any], validate: bool) -> Any:
        made = {name: _revived(value, validate) for name, value in fields.items()}
        if not validate:
            missing = dict.fromkeys(set(cls.model_fields) - set(made))
            for name, field in cls.model_fields.items():
                if "Secret" in str(field.annotation):
                    learn_all(made.get(name))
            return cls.model_construct(**{**missing, **made})
        try:
            return cls(**made)
        except ValidationError as error:
            lines = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            raise RuntimeError(
                f"what was saved of the {cls.get_block_type_slug()} block does not fit its class any more ({lines}). "
                "To load it all the same, say `validate=False`."
            ) from None


def _hide_in(value: Any) -> None:
    if hasattr(value, "get_secret_value"):
        learn_all(value.get_secret_value())
    elif isinstance(value, dict):
        _hide_in(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            _hide_in(item)
    elif isinstance(value, BaseModel) and not isinstance(value, Block):
        _hide_in([item for _, item in value])


def _plain(value: Any) -> Any:
    """The value as JSON, secrets in the clear."""
    if isinstance(value, Saved):
        place = place_of(value)
        inline = {"$block_type": value.get_block_type_slug(), "fields": value._to_fields()}
        return {_SAVED_AS: place} if place else inline
    if hasattr(value, "get_secret_value"):
        return _plain(value.get_secret_value())
    if isinstance(value, BaseModel):
        return {name: _plain(item) for name, item in value}
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return as_json(value)


def _revived(value: Any, validate: bool) -> Any:
    """The same with the blocks that are inside of it."""
    if isinstance(value, list):
        return [_revived(item, validate) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {_SAVED_AS}:
        return load_from(value[_SAVED_AS], validate)
    if set(value) == _INLINE:
        return class_of(value["$block_type"])._from_fields(value["fields"], validate)
    return {name: _revived(item, validate) for name, item in value.items()}
