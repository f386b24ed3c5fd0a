"""Artifacts as objects: made, found by their key, and only made where there is none."""

import asyncio

from prefect import flow
from prefect.artifacts import (
    Artifact,
    ImageArtifact,
    LinkArtifact,
    MarkdownArtifact,
    ProgressArtifact,
    TableArtifact,
    create_image_artifact,
)


@flow
def my_flow() -> None:
    MarkdownArtifact(key="report", markdown="# One").create()
    LinkArtifact(key="link", link="https://example.org", link_text="here").create()
    TableArtifact(key="table", table={"a": [1, 2], "b": [3, 4]}).create()
    ProgressArtifact(key="progress", progress=40).create()
    ImageArtifact(key="image", image_url="https://example.org/plot.png").create()
    create_image_artifact("https://example.org/later.png", key="image", description="a plot")


@flow
async def my_async_flow() -> None:
    found, is_new = await Artifact.aget_or_create(key="report", data="never")
    print(found.data, is_new)


if __name__ == "__main__":
    my_flow()
    for key in ("report", "link", "table", "progress", "image", "none"):
        found = Artifact.get(key)
        print(key, found and found.type, found and found.data)
    asyncio.run(my_async_flow())

# Output:
# report markdown # One
# link markdown [here](https://example.org)
# table table {'a': [1, 2], 'b': [3, 4]}
# progress progress 40.0
# image image https://example.org/later.png
# none None None
# # One False
