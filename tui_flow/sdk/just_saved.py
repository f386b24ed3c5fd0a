"""Modules of the project as they were saved, also when they were saved twice within a second.

Python takes cached byte code for that of a file whose length and second of saving are the same (PEP 552). A flow that
runs within milliseconds of a save would leave such byte code behind, and the next save would not count.
"""

import sys
import time
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from typing import Any

from tui_flow.contract.version import is_own

JUST_SECONDS = 2.0
"""A file that was saved less than so long ago is compiled anew, and nothing is kept of that: some file systems know the
second only."""


class _Loader(SourceFileLoader):
    def path_stats(self, path: str) -> Any:
        stats = super().path_stats(path)
        if stats["mtime"] > time.time() - JUST_SECONDS:
            raise OSError(path)  # for which byte code is neither read nor written
        return stats


def import_as_saved(project: Path) -> None:
    """From now on, no byte code counts for a module of the project that was just saved."""
    root = str(project)
    find = FileFinder.path_hook(
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_Loader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )

    def find_ours(entry: str) -> Any:
        if not is_own(f"{entry}/", root):
            raise ImportError(entry)
        return find(entry)

    sys.path_hooks.insert(0, find_ours)
    known = sys.path_importer_cache
    for entry in [entry for entry in known if is_own(f"{entry}/", root)]:
        del known[entry]
