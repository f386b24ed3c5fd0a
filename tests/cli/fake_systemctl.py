"""Stands in for `systemctl --user` in tests: keeps what is enabled, and really runs what a unit's ExecStart says.

It does what systemd does with `KillMode=process`: of a unit that is stopped, it ends the one process that it started.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

UNITS = Path(os.environ["XDG_CONFIG_HOME"], "systemd", "user")
RUN = Path(os.environ["FAKE_SYSTEMD"])


def pid_of(unit: str) -> int:
    """0 where it does not run."""
    try:
        pid = int((RUN / f"{unit}.pid").read_text())
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return 0
    return 0 if state == "Z" else pid


def fields(unit: str) -> dict[str, str]:
    lines = (UNITS / unit).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def start(unit: str) -> None:
    if pid_of(unit):
        return
    found = fields(unit)
    words = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(found["ExecStart"])]
    process = subprocess.Popen(
        words, cwd=found["WorkingDirectory"].replace("%%", "%"), start_new_session=True,
        stdin=-3, stdout=-3, stderr=-3,
    )  # fmt: skip
    (RUN / f"{unit}.pid").write_text(str(process.pid))


def stop(unit: str) -> None:
    pid = pid_of(unit)
    if pid:
        os.kill(pid, signal.SIGTERM)
    while pid_of(unit):
        time.sleep(0.01)


def main(user: str, verb: str, *words: str) -> int:
    assert user == "--user"
    with (RUN / "asked").open("a") as log:
        print(verb, *words, file=log)
    if (RUN / "down").exists():
        print("Failed to connect to bus: No medium found", file=sys.stderr)
        return 1
    unit = words[-1] if words else ""
    if verb == "is-active":
        return 0 if pid_of(unit) else 3
    if verb in ("enable", "disable"):
        (RUN / "enabled").write_text(unit if verb == "enable" else "")
    if verb == "disable" and "--now" in words:
        stop(unit)
    if verb == "restart":
        stop(unit)
    if verb in ("start", "restart"):
        start(unit)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
