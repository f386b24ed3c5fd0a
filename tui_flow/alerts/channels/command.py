"""A command of the user's own, that gets the message as JSON on its standard input."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tui_flow.alerts.channels import TIMEOUT_SECONDS, ChannelFailed
from tui_flow.safe import safe


class Command:
    def __init__(self, argv: Sequence[str], folder: Path) -> None:
        """A list of arguments: no shell reads it. It runs in the project's folder."""
        self._argv, self._folder = list(argv), folder
        self.name = Path(self._argv[0]).name

    def send(self, message: dict[str, Any]) -> str:
        began = time.monotonic()
        try:
            process = subprocess.Popen(
                self._argv,
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, "TUI_FLOW_ALERT": message["title"]},
            )
        except (OSError, ValueError) as error:
            raise ChannelFailed(f"cannot be started: {error}") from None
        try:
            _, err = process.communicate(json.dumps(message).encode(), TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise ChannelFailed(f"took longer than {TIMEOUT_SECONDS:g}s, and was killed") from None
        except OSError as error:
            _kill(process)
            raise ChannelFailed(f"cannot be talked to: {error}") from None
        took = time.monotonic() - began
        if process.returncode != 0:
            said = safe(err.decode("utf-8", "replace").strip().rpartition("\n")[2])[:200]
            raise ChannelFailed(
                f"exit {process.returncode}: {said}" if said else f"exit {process.returncode}"
            )
        return f"exit 0, {took:.1f}s"


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """With all that it started."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
