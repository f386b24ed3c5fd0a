"""What a progress artifact says: how much is done, of how much, and how long the rest may take."""

from typing import Any

from tui_flow.store.records import Artifact


def share_of(artifact: Artifact) -> float | None:
    """How far it is, from 0 to 1; None where it does not say of how many."""
    done, total, _ = read(artifact.data)
    return max(0.0, min(1.0, done / total)) if total else None


def seconds_left(artifact: Artifact, now: float) -> float | None:
    """By the pace so far; None where that cannot be told."""
    done, total, _ = read(artifact.data)
    took = artifact.updated_at - artifact.created_at
    if not total or done <= 0 or took <= 0:
        return None
    return max(0.0, took * (total - done) / done - (now - artifact.updated_at))


def read(data: Any) -> tuple[float, float | None, str]:
    """Done, total and unit."""
    found = data if isinstance(data, dict) else {}
    done, total = found.get("done"), found.get("total")
    return (
        float(done) if isinstance(done, int | float) else 0.0,
        float(total) if isinstance(total, int | float) else None,
        str(found.get("unit") or ""),
    )
