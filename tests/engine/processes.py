"""Which processes belong to a project, in tests."""

import os
from pathlib import Path


def processes_of(project: Path) -> dict[int, str]:
    """The command lines of those that name the project's folder in it, or in their environment; never this one."""
    wanted = os.fsencode(project)
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
            if command and wanted in command + b"\0" + (folder / "environ").read_bytes():
                found[int(folder.name)] = command.replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found
