"""What the engine asks of a template: one packet on a Unix socket for each run, as JSON. The template passes it on, as
it is, to the keeper and to the worker that are to do it."""

import json
from pathlib import Path
from typing import NamedTuple

from tui_flow.contract.rundir import RunSpec, read_spec

MAX_PACKET = 200 * 1024
"""Bytes; the socket takes a little more at once."""


class Order(NamedTuple):
    """A run that is to be begun."""

    run_id: int
    directory: Path
    said: list[str]
    """What the import of the flow file printed, to each of the two streams: the first lines of the run's log."""
    spec: RunSpec | None
    """As it stands in the directory, so that nobody has to read it again; None where there is none."""


def encode(order: Order) -> bytes:
    """A spec that is too long for a packet is left out: it is read from the directory."""
    fields = {"run": order.run_id, "directory": str(order.directory), "said": order.said}
    packet = json.dumps(fields | {"spec": order.spec and order.spec._asdict()}).encode()
    return packet if len(packet) <= MAX_PACKET else json.dumps(fields).encode()


def decode(packet: bytes) -> Order:
    fields = json.loads(packet)
    directory, spec = Path(fields["directory"]), fields.get("spec")
    return Order(fields["run"], directory, fields["said"], RunSpec(**spec) if spec else read_spec(directory))


def run_id_of(packet: bytes) -> int:
    """Which run it is about, for who only passes it on."""
    return int(json.loads(packet)["run"])
