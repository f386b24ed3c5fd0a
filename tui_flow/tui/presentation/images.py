"""What there is to know of an image without showing it: its kind, its size in pixels, its bytes, and where it is."""

import base64
import binascii
import os
import re
import stat
import struct
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from tui_flow.counting import sized

_HEAD = 65_536
"""Bytes that are looked at: JPEG has its size behind its thumbnails."""
_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.-]+)*?(;base64)?,", re.ASCII)


@lru_cache(maxsize=256)
def image_facts(url: str) -> tuple[str, str]:
    """Where it is, in short, and what is known of it: ("plot.png", "PNG  640 x 480  12.3 KiB"). An address in the
    network is never asked."""
    match = _DATA.match(url)
    if match is not None:
        return f"data:{match[1] or ''}", _facts(*_decoded(url[match.end() :], is_base64=bool(match[2])))
    parts = urlsplit(url) if "://" in url else None
    if parts is not None and parts.scheme != "file":
        return url, _kind_of_name(parts.path)
    path = unquote(parts.path) if parts is not None else url
    if not path.startswith("/"):  # relative to where the run was
        return path, _kind_of_name(path)
    found = _read(path)
    return path, _facts(*found) if found is not None else "there is no such file"


def _decoded(text: str, *, is_base64: bool) -> tuple[bytes, int]:
    if not is_base64:
        return text[:_HEAD].encode("utf-8", "replace"), len(text)
    try:
        return base64.b64decode(text[: _HEAD // 4 * 4]), len(text) * 3 // 4
    except (binascii.Error, ValueError):
        return b"", len(text)


def _read(path: str) -> tuple[bytes, int] | None:
    """The beginning and the size of a regular file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        about = os.fstat(fd)
        return (os.read(fd, _HEAD), about.st_size) if stat.S_ISREG(about.st_mode) else None
    except OSError:
        return None
    finally:
        os.close(fd)


def _facts(head: bytes, size: int) -> str:
    kind, pixels = _look(head)
    return "  ".join(filter(None, (kind, f"{pixels[0]} x {pixels[1]}" if pixels else "", sized(size))))


def _look(head: bytes) -> tuple[str, tuple[int, int] | None]:
    """The format, and width and height where they could be read."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:
        return "PNG", struct.unpack(">II", head[16:24])
    if head[:6] in (b"GIF87a", b"GIF89a") and len(head) >= 10:
        return "GIF", struct.unpack("<HH", head[6:10])
    if head.startswith(b"\xff\xd8"):
        return "JPEG", _jpeg_size(head)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP", None
    return ("SVG", None) if b"<svg" in head[:1024] else ("not a known image format", None)


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """From the first frame header among the segments."""
    at = 2
    while at + 9 < len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + max(2, length)
    return None


def _kind_of_name(path: str) -> str:
    return _KINDS.get(PurePosixPath(path).suffix.lower(), "")


_KINDS = {".png": "PNG", ".gif": "GIF", ".jpg": "JPEG", ".jpeg": "JPEG", ".svg": "SVG", ".webp": "WebP"}
