"""Prefect's words for types that authors name (prefect.types)."""

from enum import Enum


class EntrypointType(Enum):
    """How a served flow is found again. Here it is always by its file."""

    FILE_PATH = "file_path"
    MODULE_PATH = "module_path"
