"""The sort menu of a view."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from tui_flow.tui.presentation import orders
from tui_flow.tui.presentation.orders import Order

if TYPE_CHECKING:
    from tui_flow.tui.screens.section import Section

    _Base = Section
else:
    _Base = object


class Sorting(_Base):
    """The part of a view whose list can stand in several orders."""

    ORDERS: ClassVar[Sequence[Order]] = ()
    _order = ""

    @property
    def order(self) -> str:
        """The name of the order that the list stands in."""
        return self._order or self.ORDERS[0].name

    def sort(self) -> None:
        """Puts the list into its order, from the top."""
        raise NotImplementedError

    def set_order(self, name: str) -> None:
        if name != self.order:
            self._order = name
            self.sort()

    @property
    def address_text(self) -> str:
        text = super().address_text
        return text if self.order == self.ORDERS[0].name else orders.in_address(text, self.order)

    def show_address(self, text: str) -> None:
        text, order = orders.split(text, self.ORDERS)
        self.set_order(order)
        super().show_address(text)

    def action_sort(self) -> None:
        from tui_flow.tui.screens.menu import Choice, MenuScreen

        def chosen(key: str | None) -> None:
            if key is not None:
                self.set_order(next(order.name for order in self.ORDERS if order.key == key))

        choices = [Choice(order.key, self._titled(order), order.about) for order in self.ORDERS]
        self.console.push_screen(MenuScreen("Sort by", choices, opens_with="s"), chosen)

    def _titled(self, order: Order) -> str:
        return f"{order.name} (now)" if order.name == self.order else order.name
