"""Orders: what the engine asks of a template, as packets of a socket."""

from pathlib import Path

from tests.engine.journals import a_spec
from tui_flow.contract import orders
from tui_flow.contract.orders import MAX_PACKET, Order
from tui_flow.contract.rundir import write_spec


def test_an_order_carries_the_spec_so_that_nobody_reads_it_again(tmp_path: Path) -> None:
    order = Order(12, tmp_path, ["out", "err"], a_spec(12, tmp_path))
    packet = orders.encode(order)
    assert orders.decode(packet) == order
    assert orders.run_id_of(packet) == 12


def test_a_spec_that_is_too_long_for_a_packet_is_read_from_the_directory(tmp_path: Path) -> None:
    spec = a_spec(12, tmp_path, parameters={"text": "x" * MAX_PACKET})
    write_spec(tmp_path, spec)
    packet = orders.encode(Order(12, tmp_path, ["", ""], spec))
    assert len(packet) < MAX_PACKET
    assert orders.decode(packet).spec == spec


def test_an_order_for_a_directory_without_a_spec_has_none(tmp_path: Path) -> None:
    assert orders.decode(orders.encode(Order(12, tmp_path, ["", ""], None))).spec is None
