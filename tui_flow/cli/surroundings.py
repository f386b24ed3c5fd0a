"""What `tui-flow doctor` looks at around a session: interpreter, clock, time zones, terminal, what a logout ends."""

import ctypes
import locale
import os
import shutil
import struct
import sys
import time
from pathlib import Path

from tui_flow.cli.check import FAIL, OK, WARN, Check
from tui_flow.contract.rundir import HISTORY
from tui_flow.settings import Settings

_UNSYNCHRONIZED = 0x40
"""STA_UNSYNC of adjtimex(2)."""
_OLD_ZONES_YEARS = 2


def python(_: Settings) -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", OK, f"{version} at {sys.executable}")


def clock(settings: Settings) -> Check:
    """Schedules fire by the clock; it should be right, and not jump."""
    name = "clock"
    written = _last_change(settings.state_dir / HISTORY)
    if written > time.time() + 60:
        return Check(name, WARN, "the history was written in what is the future now: the clock was set back",
                     "set it right; then `tui-flow schedule reset` where a schedule waits for that time")  # fmt: skip
    status = _kernel_clock_status()
    if status is None:
        return Check(name, OK, "whether it is synchronized cannot be told here")
    if status & _UNSYNCHRONIZED:
        return Check(name, WARN, "nothing keeps it right, as far as the kernel knows: schedules fire when it says so",
                     "timedatectl set-ntp true, or install chrony; a virtual machine may get its time from its host")  # fmt: skip
    return Check(name, OK, "synchronized")


def zones(_: Settings) -> Check:
    """What the rules of time zones are taken from."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from tui_flow.contract.zones import local_zone

    name = "time zones"
    try:
        ZoneInfo("Europe/Paris")
    except (ZoneInfoNotFoundError, OSError):
        return Check(name, FAIL, "no zone data: a schedule in a zone cannot fire", "pip install tzdata")
    version = _zone_version()
    says = f"data {version or 'of an unknown version'}, this host is in {local_zone()}"
    if version[:4].isdigit() and int(version[:4]) + _OLD_ZONES_YEARS <= time.gmtime().tm_year:
        return Check(name, WARN, f"{says}: clock changes that were decided on since are unknown",
                     "update the tzdata package of the system, or pip install -U tzdata")  # fmt: skip
    return Check(name, OK, says)


def umask(_: Settings) -> Check:
    """State is for its owner alone whatever it says; what flows write, it decides."""
    mask = _umask()
    if not mask & 0o002:
        return Check("umask", WARN, f"{mask:03o}: everybody may change what your flows write", "umask 022")
    return Check("umask", OK, f"{mask:03o}, for what your flows write; the state is yours alone in any case")


def logout(settings: Settings) -> Check:
    """Whether engine and runs outlive the session that started them."""
    from tui_flow.client import systemd

    name, unit = "logout", systemd.unit_path(settings.project)
    if unit.is_file() and systemd.lingers():
        return Check(name, OK, f"{unit.name} runs the engine, whoever is logged in")
    if unit.is_file():
        return Check(name, WARN, f"{unit.name} ends with your last session",
                     f"loginctl enable-linger {systemd.user()}")  # fmt: skip
    if not _has_logind():
        return Check(name, OK, "no systemd-logind here: nothing ends your processes when you log out")
    if not _kills_user_processes():
        return Check(name, OK, "KillUserProcesses=no: engine and runs outlive your session")
    return Check(name, WARN, "KillUserProcesses=yes: logging out kills engine and runs",
                 f"tui-flow engine install, and loginctl enable-linger {systemd.user()}")  # fmt: skip


def terminal(_: Settings) -> Check:
    name, term = "terminal", os.environ.get("TERM", "")
    encoding = locale.getpreferredencoding(False)
    if not sys.stdout.isatty():
        return Check(name, OK, f"none here; text is {encoding}")
    if term in ("", "dumb"):
        return Check(
            name,
            WARN,
            f"TERM={term or 'unset'}: the console cannot draw here",
            "set TERM to what your terminal is",
        )
    if encoding.lower().replace("-", "") != "utf8":
        return Check(
            name, WARN, f"{term}, {encoding}: states are shown in ASCII", "set a UTF-8 locale: LANG=C.UTF-8"
        )
    size = shutil.get_terminal_size()
    return Check(name, OK, f"{term}, {encoding}, {size.columns}x{size.lines}")


def _last_change(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _kernel_clock_status() -> int | None:
    """The status word of adjtimex(2), which anybody may read; None where there is none."""
    if sys.platform != "linux":
        return None
    timex = ctypes.create_string_buffer(512)
    if ctypes.CDLL(None).adjtimex(timex) < 0:
        return None
    status: int = struct.unpack_from("i", timex, 5 * ctypes.sizeof(ctypes.c_long))[0]
    return status


def _zone_version() -> str:
    """Such as "2026a", of the data that `zoneinfo` takes; empty where it does not say."""
    import zoneinfo

    for folder in map(Path, zoneinfo.TZPATH):
        if not (folder / "Europe" / "Paris").exists():
            continue
        for name, mark in (("tzdata.zi", "# version "), ("+VERSION", "")):
            try:
                with (folder / name).open(encoding="ascii", errors="replace") as lines:
                    first = lines.readline().strip()
            except OSError:
                continue
            if first.startswith(mark):
                return first[len(mark) :]
        return ""
    from tzdata import IANA_VERSION  # type: ignore[import-untyped]

    return str(IANA_VERSION)


def _umask() -> int:
    """Read without changing it, where the kernel tells."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("\nUmask:")[2].split()[0], 8)
    except (OSError, ValueError, IndexError):
        mask = os.umask(0o077)
        os.umask(mask)
        return mask


def _has_logind() -> bool:
    return Path("/run/systemd/seats").is_dir() or Path("/run/systemd/users").is_dir()


def _kills_user_processes() -> bool:
    """What logind was told; its own default is no."""
    answer = False
    for folder in ("/usr/lib/systemd", "/etc/systemd", "/run/systemd"):
        for path in (Path(folder, "logind.conf"), *sorted(Path(folder, "logind.conf.d").glob("*.conf"))):
            if not path.is_file():
                continue
            for line in path.read_text("utf-8", "replace").splitlines():
                key, _, value = line.partition("=")
                if key.strip() == "KillUserProcesses":
                    answer = value.strip().lower() in ("yes", "true", "1", "on")
    return answer
