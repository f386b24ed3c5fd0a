"""Asks what a rerun would do, in a process that is thrown away: it only reads and parses, but files may be of any size."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tui_flow.contract.commands import RerunPreview
from tui_flow.contract.errors import EngineError
from tui_flow.contract.rundir import ENV_COOKIE, ENV_RUN_DIR

PREVIEW = ("-m", "tui_flow.sdk.preview")


async def preview(directory: Path, options: dict[str, Any], timeout_seconds: float) -> RerunPreview:
    """The preview for the run of that directory. Raises EngineError where it cannot be told in time."""
    try:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, *PREVIEW, str(directory), json.dumps(options)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_seconds,
            cwd="/",
            env={key: value for key, value in os.environ.items() if key not in (ENV_RUN_DIR, ENV_COOKIE)},
        )
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"a preview of the rerun took longer than {timeout_seconds:g} s",
            where=str(directory),
            next="rerun it without one",
        ) from None
    try:
        fields = json.loads(done.stdout)
        return RerunPreview(**{name: fields[name] for name in RerunPreview._fields})
    except (ValueError, KeyError, TypeError):
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise EngineError(
            f"a rerun cannot be previewed: {said or 'its process ended'}",
            where=str(directory),
            next="rerun it without a preview",
        ) from None
