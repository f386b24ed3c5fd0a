"""How this machine is doing, and how that moved since the last runs: a flow that remembers.

Its figures are kept in `flows/out/host_health.json`. Those of memory come from `/proc`, which only Linux has.
"""

import json
import os
import shutil
import time
from pathlib import Path

from tui_flow import flow, get_run_logger, task

HISTORY, MEMORY = Path(__file__).parent / "out" / "host_health.json", Path("/proc/meminfo")


@task
def read_load() -> float:
    """Processes that want to run, over the last minute, as percent of the cores there are."""
    return 100 * os.getloadavg()[0] / (os.cpu_count() or 1)


@task
def read_memory() -> float | None:
    if not MEMORY.exists():
        return get_run_logger().warning("no %s on this system: memory is left out", MEMORY)
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in MEMORY.read_text().splitlines()}
    return 100 * (1 - kilobytes["MemAvailable"] / kilobytes["MemTotal"])


@task
def read_disk(folder: str) -> float:
    return 100 * shutil.disk_usage(folder).used / shutil.disk_usage(folder).total


@task
def remember(reading: dict[str, float | None], keep: int) -> list[dict[str, float | None]]:
    """Adds the reading to the history, and gives the last ones, oldest first."""
    past = json.loads(HISTORY.read_text()) if HISTORY.exists() else []
    HISTORY.parent.mkdir(exist_ok=True)
    HISTORY.write_text(json.dumps([*past, reading][-keep:]))
    return [*past, reading][-keep:]


@flow(name="host_health", log_prints=True)
def host_health(folder: str = "/", keep: int = 30, full_above: float = 95.0) -> None:
    """Reads load, memory and disk in percent; fails where the disk of `folder` is fuller than `full_above`."""
    readings = {"load": read_load.submit(), "memory": read_memory.submit(), "disk": read_disk.submit(folder)}
    now = {name: future.result() for name, future in readings.items()}
    past = remember({"at": round(time.time()), **now}, keep)
    for name, value in now.items():
        trend = "".join("▁▂▃▄▅▆▇█"[min(7, int((entry[name] or 0) / 12.5))] for entry in past)
        print(f"{name:<6} {value or 0:5.1f} %  {trend}")
    if now["disk"] > full_above:
        raise RuntimeError(f"the disk that holds {folder} is {now['disk']:.1f} % full: make room")


if __name__ == "__main__":
    host_health()
