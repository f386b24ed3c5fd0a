"""The systemd user unit of a project's engine: what it says, where it lies, and how the engine is started by it.

The user's own systemd runs the engine outside of any login session, so that it outlives a logout and comes back after
a reboot (with lingering) and after a crash. Runs are in the unit's control group, too, and live on when it restarts.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tui_flow.contract.errors import EngineError

MARK = "# Written by `tui-flow engine install`; `--uninstall` removes it."
_SECONDS = 30.0


def unit_name(project: Path) -> str:
    """The same for a project as long as it lies where it does; two projects never share one."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", project.name).strip("-")[:40] or "project"
    return f"tui-flow-{readable}-{hashlib.sha256(os.fsencode(project)).hexdigest()[:8]}.service"


def unit_path(project: Path) -> Path:
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(config) / "systemd" / "user" / unit_name(project)


def unit_text(project: Path) -> str:
    """The unit file. Of the environment it holds PATH alone: secrets have no place in it. Raises EngineError for a
    path that no unit file can hold."""
    if not str(project).isprintable():
        raise EngineError(
            "the project's path has characters that no unit file can hold",
            where=repr(str(project)),
            next="rename it",
        )
    command = [sys.executable, "-P", "-m", "tui_flow.engine", "--project", str(project), "--stay"]
    return f"""{MARK}
[Unit]
Description=tui_flow engine of {_plain(str(project))}
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={" ".join(_quoted(word).replace("$", "$$") for word in command)}
WorkingDirectory={_plain(str(project))}
Environment={_quoted("PATH=" + os.environ.get("PATH", os.defpath))}
# Only the engine is ended. Its runs stay in this unit's control group, and the next engine adopts them.
KillMode=process
# A run that the kernel ends for want of memory does not take the engine with it.
OOMPolicy=continue
Restart=on-failure
RestartSec=2
# From systemd 254 on: 2 s at first, a minute at most.
RestartSteps=6
RestartMaxDelaySec=60

[Install]
WantedBy=default.target
"""


def _plain(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    return '"' + _plain(word).replace("\\", "\\\\").replace('"', '\\"') + '"'


def systemctl(*args: str) -> "subprocess.CompletedProcess[str]":
    """`systemctl --user`, to its end. Raises EngineError where there is none, or it hangs."""
    try:
        return subprocess.run(
            ["systemctl", "--user", *args], text=True, errors="replace", capture_output=True, timeout=_SECONDS,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"systemctl --user {' '.join(args)} did not end within {_SECONDS:g} s",
            next="systemctl --user status",
        ) from None
    except OSError as error:
        raise EngineError(
            f"there is no systemd here that could run the engine: {error.strerror}",
            where="systemctl",
            next="without it the engine starts by itself when a command or a console needs it; "
            "`tui-flow engine start` in your crontab (@reboot) has it after a reboot",
        ) from None


def require_user_manager() -> None:
    """Raises EngineError where this user has no systemd that could run units."""
    asked = systemctl("show", "--property=Version")
    if asked.returncode == 0:
        return
    raise EngineError(
        "your systemd user manager cannot be reached",
        where=asked.stderr.strip().splitlines()[0] if asked.stderr.strip() else "systemctl --user",
        next="log in as yourself, by SSH or at the console: su and sudo bring no user manager along; "
        f"or enable one that stays: loginctl enable-linger {user()}",
    )


def start_by_unit(project: Path) -> bool:
    """Starts the engine by its unit. False where there is none, or systemd will not: it can be started without."""
    if not unit_path(project).is_file() or shutil.which("systemctl") is None:
        return False
    try:
        return systemctl("start", unit_name(project)).returncode == 0
    except EngineError:
        return False


def user() -> str:
    """The name of this process's user, for people and for logind."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def lingers() -> bool:
    """Whether the user's systemd is there from boot on, and stays when the last session ends."""
    return Path("/var/lib/systemd/linger", user()).exists()
