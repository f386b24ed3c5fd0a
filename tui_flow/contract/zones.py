"""The name of this host's time zone, for schedules that name none."""

import os
from pathlib import Path


def local_zone() -> str:
    """An IANA name such as "Europe/Paris": of TZ, else of what /etc/localtime links to, else "UTC"."""
    from zoneinfo import ZoneInfo

    linked = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    for name in (os.environ.get("TZ", "").lstrip(":"), _written(Path("/etc/timezone")), linked):
        try:
            if name:
                ZoneInfo(name)
                return name
        except (OSError, ValueError, KeyError):
            continue
    return "UTC"


def _written(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""
