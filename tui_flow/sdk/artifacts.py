"""Artifacts: what a flow shows to people, by Prefect's names. Artifacts of one key are versions of one thing.

Every function can be called in plain code and be awaited in a coroutine. What may stand in an artifact: text and
numbers up to a megabyte as JSON; more belongs into a file, with a link to it.
Source of the rules: https://docs.prefect.io/v3/concepts/artifacts
"""

import json
import re
import time
from collections.abc import Generator
from typing import Any, ClassVar
from uuid import UUID, uuid4

from tui_flow.contract import journal
from tui_flow.contract.journal import Progress
from tui_flow.contract.rundir import write_whole
from tui_flow.sdk import notes
from tui_flow.sdk.readable import as_json

FOLDER = "artifacts"
"""In the state directory: of each key the last version, for `Artifact.get`."""
_KEY = re.compile(r"[a-z0-9-]+")


class ArtifactId(UUID):
    """The id of an artifact; awaited, it is itself."""

    def __await__(self) -> Generator[Any, None, "ArtifactId"]:
        return self
        yield


def create_markdown_artifact(
    markdown: str, key: str | None = None, description: str | None = None
) -> ArtifactId:
    """Shows a text, in Markdown. Raises ValueError for a key with other characters than a-z, 0-9 and dashes."""
    return _create("markdown", str(markdown), key, description)


def create_link_artifact(
    link: str,
    link_text: str | None = None,
    key: str | None = None,
    description: str | None = None,
    client: Any = None,  # noqa: ARG001
) -> ArtifactId:
    """Shows a link. Raises ValueError as above."""
    return _create("markdown", _link(link, link_text), key, description)


def create_table_artifact(
    table: dict[str, list[Any]] | list[dict[str, Any]] | list[list[Any]],
    key: str | None = None,
    description: str | None = None,
) -> ArtifactId:
    """Shows a table: rows as dicts, rows as lists, or columns by their names. Raises ValueError as above, TypeError for
    what is no table."""
    if not isinstance(table, (dict, list, tuple)):
        raise TypeError(f"a table is a list of rows, or a dict of columns, not {table!r:.100}")
    return _create("table", as_json(table), key, description)


def create_image_artifact(
    image_url: str, key: str | None = None, description: str | None = None
) -> ArtifactId:
    """Shows where an image is. Raises ValueError as above."""
    return _create("image", str(image_url), key, description)


def create_progress_artifact(
    progress: float, key: str | None = None, description: str | None = None
) -> ArtifactId:
    """Shows how far something is, in percent. Raises ValueError as above, and for what is not from 0 to 100."""
    return _create("progress", _percent(progress), key, description)


def update_progress_artifact(
    artifact_id: UUID,
    progress: float,
    description: str | None = None,
    client: Any = None,  # noqa: ARG001
) -> ArtifactId:
    """Shows that it is further. Raises ValueError for what is not from 0 to 100."""
    return update(artifact_id, _percent(progress), description)


async def acreate_markdown_artifact(
    markdown: str, key: str | None = None, description: str | None = None
) -> UUID:
    """`create_markdown_artifact`, for coroutines."""
    return create_markdown_artifact(markdown, key, description)


async def acreate_link_artifact(
    link: str,
    link_text: str | None = None,
    key: str | None = None,
    description: str | None = None,
    client: Any = None,  # noqa: ARG001
) -> UUID:
    """`create_link_artifact`, for coroutines."""
    return create_link_artifact(link, link_text, key, description)


async def acreate_table_artifact(
    table: dict[str, list[Any]] | list[dict[str, Any]] | list[list[Any]],
    key: str | None = None,
    description: str | None = None,
) -> UUID:
    """`create_table_artifact`, for coroutines."""
    return create_table_artifact(table, key, description)


async def acreate_image_artifact(
    image_url: str, key: str | None = None, description: str | None = None
) -> UUID:
    """`create_image_artifact`, for coroutines."""
    return create_image_artifact(image_url, key, description)


async def acreate_progress_artifact(
    progress: float, key: str | None = None, description: str | None = None
) -> UUID:
    """`create_progress_artifact`, for coroutines."""
    return create_progress_artifact(progress, key, description)


async def aupdate_progress_artifact(
    artifact_id: UUID,
    progress: float,
    description: str | None = None,
    client: Any = None,  # noqa: ARG001
) -> UUID:
    """`update_progress_artifact`, for coroutines."""
    return update_progress_artifact(artifact_id, progress, description)


def show_progress(progress: Progress, description: str | None) -> ArtifactId:
    """Shows how far something is that is not counted in percent."""
    return _create("progress", progress._asdict(), None, description)


def update(artifact_id: UUID, data: Any, description: str | None = None) -> ArtifactId:
    """An artifact says something else."""
    notes.tell(journal.ArtifactUpdated(time.time(), str(artifact_id), description, data))
    return ArtifactId(str(artifact_id))


def _create(type: str, data: Any, key: str | None, description: str | None) -> ArtifactId:
    if key is not None and (not isinstance(key, str) or not _KEY.fullmatch(key)):
        raise ValueError(
            f"an artifact's key has only lowercase letters, numbers and dashes, not {key!r:.100}"
        )
    id = ArtifactId(str(uuid4()))
    made = journal.ArtifactCreated(time.time(), str(id), type, key, description, data, notes.task_run())
    size = len(journal.encode(made))
    if size > journal.MAX_ARTIFACT:
        raise ValueError(
            f"an artifact of {size:,} bytes, and {journal.MAX_ARTIFACT:,} are the most: write a file, and show a link"
        )
    notes.tell(made)
    if key is not None:
        _remember(notes.masked(made))
    return id


def _remember(made: Any) -> None:
    folder = notes.state_dir() / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    write_whole(folder / f"{made.key}.json", json.dumps(made._asdict()).encode())


def _link(link: str, link_text: str | None) -> str:
    return f"[{link_text or link}]({link})"


def _percent(progress: float) -> dict[str, Any]:
    if not 0 <= progress <= 100:
        raise ValueError(f"progress is from 0 to 100, not {progress!r}")
    return Progress(float(progress), 100.0, "%")._asdict()


class Artifact:
    """An artifact of a type of one's own choice, as an object. `create` shows it; `get` gives the last of a key."""

    type: str | None = None
    _SHOWS: ClassVar[tuple[str, ...]] = ()
    """The arguments that are special to the type; the first one is needed."""

    def __init__(
        self,
        *,
        type: str | None = None,
        key: str | None = None,
        description: str | None = None,
        data: Any = None,
        **kept: Any,
    ) -> None:
        self.type = type or self.type
        self.key, self.description, self.data = key, description, data
        self.id: UUID | None = None
        name = self.__class__.__name__
        if self._SHOWS and self._SHOWS[0] not in kept:
            raise ValueError(f"{name} needs {self._SHOWS[0]}=")
        for field, value in kept.items():
            if field not in self._SHOWS:
                raise ValueError(f"{name} knows no {field}=")
            setattr(self, field, value)

    def format(self) -> Any:
        """What is shown."""
        return self.data

    async def aformat(self) -> Any:
        """`format`, for coroutines."""
        return self.format()

    def create(self, client: Any = None) -> "Artifact":  # noqa: ARG002
        """Shows it. Raises ValueError as the functions above."""
        shown = self.format()
        known = self.type if self.type in journal.ARTIFACT_TYPES else "markdown"
        self.id = _create(known, _shown(known, shown), self.key, self.description)
        self.data = shown
        return self

    async def acreate(self, client: Any = None) -> "Artifact":  # noqa: ARG002
        """`create`, for coroutines."""
        return self.create()

    @classmethod
    def get(cls, key: str | None = None, client: Any = None) -> "Artifact | None":  # noqa: ARG003
        """The last version of a key; None where there is none."""
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            return None
        try:
            found = json.loads((notes.state_dir() / FOLDER / f"{key}.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        data = found["data"]["done"] if found["type"] == "progress" else found["data"]
        artifact = Artifact(type=found["type"], key=key, description=found["description"], data=data)
        artifact.id = UUID(found["id"])
        return artifact

    @classmethod
    async def aget(cls, key: str | None = None, client: Any = None) -> "Artifact | None":
        """`get`, for coroutines."""
        return cls.get(key, client)

    @classmethod
    def get_or_create(
        cls,
        key: str | None = None,
        description: str | None = None,
        data: Any = None,
        client: Any = None,
        **kept: Any,
    ) -> "tuple[Artifact, bool]":
        """The last version of a key, or a new one; and whether it is new."""
        found = cls.get(key, client)
        if found is not None:
            return found, False
        fields = {"data": data} if data is not None or cls is Artifact else {}
        return cls(key=key, description=description, **fields, **kept).create(), True

    @classmethod
    async def aget_or_create(cls, *args: Any, **kept: Any) -> "tuple[Artifact, bool]":
        """`get_or_create`, for coroutines."""
        return cls.get_or_create(*args, **kept)


def _shown(type: str, data: Any) -> Any:
    if type == "progress":
        return _percent(data)
    if type == "table":
        return as_json(data)
    return data if isinstance(data, str) else json.dumps(as_json(data), indent=1)


class MarkdownArtifact(Artifact):
    type = "markdown"
    _SHOWS = ("markdown",)
    markdown: str

    def format(self) -> str:
        return self.markdown


class LinkArtifact(Artifact):
    type = "markdown"
    _SHOWS = ("link", "link_text")
    link: str
    link_text: str | None = None

    def format(self) -> str:
        return _link(self.link, self.link_text)


class TableArtifact(Artifact):
    type = "table"
    _SHOWS = ("table",)
    table: dict[str, list[Any]] | list[dict[str, Any]] | list[list[Any]]

    def format(self) -> Any:
        return self.table


class ProgressArtifact(Artifact):
    type = "progress"
    _SHOWS = ("progress",)
    progress: float

    def format(self) -> float:
        _percent(self.progress)
        return self.progress


class ImageArtifact(Artifact):
    type = "image"
    _SHOWS = ("image_url",)
    image_url: str

    def format(self) -> str:
        return self.image_url
