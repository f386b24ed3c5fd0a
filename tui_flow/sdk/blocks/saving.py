"""What can be saved under a name and loaded again: blocks, and the file systems that are none of pydantic's models.

    <state directory>/blocks/<type>/<name>.json      0600, written whole

Source of the rules: https://docs.prefect.io/v3/concepts/blocks
"""

import re
import time
from typing import TYPE_CHECKING, Any, ClassVar

from tui_flow.contract.documents import BLOCKS, Documents, checked
from tui_flow.sdk import notes
from tui_flow.sdk.dispatch import awaitable_in_coroutines

if TYPE_CHECKING:
    from uuid import UUID

_BY_SLUG: "dict[str, type[Saved]]" = {}
"""Every class that there is, by its type's slug; of two with one slug the last counts."""
_ANY = "block"
"""The slug of `Block` itself."""


class Saved:
    """`save`, `load` and `delete` are awaited in coroutines; `asave`, `aload` and `adelete` always are."""

    _block_type_name: ClassVar[str | None] = None
    _block_type_slug: ClassVar[str | None] = None
    _block_document_name: str | None
    _block_document_id: "UUID | None"

    def _to_fields(self) -> dict[str, Any]:
        """JSON values, secrets included."""
        raise NotImplementedError

    @classmethod
    def _from_fields(cls, fields: dict[str, Any], validate: bool) -> Any:
        raise NotImplementedError

    @classmethod
    def get_block_type_name(cls) -> str:
        return cls._block_type_name or cls.__name__.partition("[")[0]

    @classmethod
    def get_block_type_slug(cls) -> str:
        return cls._block_type_slug or slug_of(cls.get_block_type_name())

    @awaitable_in_coroutines
    def save(self, name: str | None = None, overwrite: bool = False, client: Any = None) -> "UUID":  # noqa: ARG002
        """Keeps the block under that name, or under the one that it was loaded from.

        Raises ValueError for a name that cannot be one, and for one in use if `overwrite` is not said.
        """
        return _save(self, name, overwrite)

    async def asave(self, name: str | None = None, overwrite: bool = False, client: Any = None) -> "UUID":  # noqa: ARG002
        """`save`, for coroutines."""
        return _save(self, name, overwrite)

    @classmethod
    @awaitable_in_coroutines
    def load(cls, name: str, validate: bool = True, client: Any = None) -> Any:  # noqa: ARG003
        """The block that was saved under that name; of `Block` itself, under `<type>/<name>`.

        Raises ValueError where there is none, RuntimeError where what was saved does not fit the class any more: then
        `validate=False` gives it all the same, with None for what is missing.
        """
        return _load(cls, name, validate)

    @classmethod
    async def aload(cls, name: str, validate: bool = True, client: Any = None) -> Any:  # noqa: ARG003
        """`load`, for coroutines."""
        return _load(cls, name, validate)

    @classmethod
    @awaitable_in_coroutines
    def delete(cls, name: str, client: Any = None) -> None:  # noqa: ARG003
        """Raises ValueError where there is none."""
        _delete(cls, name)

    @classmethod
    async def adelete(cls, name: str, client: Any = None) -> None:  # noqa: ARG003
        """`delete`, for coroutines."""
        _delete(cls, name)

    @classmethod
    @awaitable_in_coroutines
    def register_type_and_schema(cls, client: Any = None) -> None:
        """Nothing to do: here a type is known as soon as its class is."""

    @classmethod
    async def aregister_type_and_schema(cls, client: Any = None) -> None:
        """Nothing to do."""

    @classmethod
    def _document(cls, name: str) -> dict[str, Any] | None:
        """What was saved under that name; None where nothing was."""
        return documents_of(cls).read(name)


def register(cls: type[Saved]) -> None:
    """From now on `Block.load("<its type>/<name>")` finds it."""
    if "[" not in cls.__name__:
        _BY_SLUG[cls.get_block_type_slug()] = cls


def class_of(slug: str) -> type[Saved]:
    """Raises ValueError where no class of that type was imported."""
    if slug not in _BY_SLUG:
        _import_ours()
    if slug not in _BY_SLUG:
        raise ValueError(f"no block type {slug!r} is known here: import its class first")
    return _BY_SLUG[slug]


def _import_ours() -> None:
    """The classes that are here for everybody; an author's class of the same type counts more."""
    authors = dict(_BY_SLUG)
    from tui_flow.sdk import filesystems  # noqa: F401
    from tui_flow.sdk.blocks import notifications, system  # noqa: F401

    _BY_SLUG.update(authors)


def place_of(block: Saved) -> str | None:
    """`<type>/<name>` of one that was saved or loaded."""
    name = getattr(block, "_block_document_name", None)
    return f"{block.get_block_type_slug()}/{name}" if name else None


def load_from(place: str, validate: bool = True) -> Any:
    """The block that was saved as `<type>/<name>`. Raises ValueError and RuntimeError as `load` does."""
    slug, _, name = place.partition("/")
    return _load(class_of(slug), name, validate)


def documents_of(cls: type[Saved]) -> Documents:
    return Documents(notes.state_dir(), BLOCKS, cls.get_block_type_slug())


def slug_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _save(block: Saved, name: str | None, overwrite: bool) -> "UUID":
    from uuid import UUID, uuid4

    name = name or getattr(block, "_block_document_name", None)
    if name is None:
        raise ValueError("a block is saved under a name: save('my-block')")
    documents, id = documents_of(type(block)), uuid4()
    before = documents.read(name) if overwrite else None
    if before is not None:
        id = UUID(before["id"])
    document = {
        "name": checked(name),
        "type": block.get_block_type_slug(),
        "id": str(id),
        "updated_at": time.time(),
        "fields": block._to_fields(),
    }
    if not documents.write(name, document, overwrite=overwrite):
        raise ValueError(
            f"a {block.get_block_type_name()} block is saved as {name!r} already. To replace it, save it with "
            "`overwrite=True`."
        )
    block._block_document_name, block._block_document_id = name, id
    return id


def _load(cls: type[Saved], name: str, validate: bool) -> Any:
    slug, slash, rest = name.partition("/")
    if slash:
        cls, name = _meant(cls, slug), rest
    from uuid import UUID

    document = cls._document(name)
    if document is None:
        raise ValueError(
            f"Unable to find block document named {name} for block type {cls.get_block_type_slug()}: save it first, "
            f"with {cls.__name__}(…).save({name!r})"
        )
    block = cls._from_fields(document["fields"], validate)
    block._block_document_name = name
    block._block_document_id = UUID(document["id"]) if "id" in document else None
    return block


def _meant(cls: type[Saved], slug: str) -> type[Saved]:
    """The class of that type: the one that was asked, or, where `Block` was, the one that is known."""
    if cls.get_block_type_slug() == slug:
        return cls
    if cls.get_block_type_slug() != _ANY:
        raise ValueError(f"a {slug} block is none of type {cls.get_block_type_slug()}")
    return class_of(slug)


def _delete(cls: type[Saved], name: str) -> None:
    if not documents_of(cls).remove(name.rpartition("/")[2]):
        raise ValueError(
            f"Unable to find block document named {name} for block type {cls.get_block_type_slug()}"
        )
