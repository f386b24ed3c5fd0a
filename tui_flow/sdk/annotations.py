"""Marks that an argument carries into a task: `unmapped`, `allow_failure`, `quote`, `opaque`."""

from tui_flow.sdk import references

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class BaseAnnotation:
    """A value with a mark. `unwrap()` gives the value."""

    __slots__ = ("value",)
    _tui_flow_kind = "mark"

    def __init__(self, value: "Any") -> None:
        references.seen = True
        self.value = value

    def __init_subclass__(cls) -> None:
        cls._tui_flow_kind = cls.__name__

    def unwrap(self) -> "Any":
        return self.value

    def rewrap(self, value: "Any") -> "BaseAnnotation":
        """The same mark on another value."""
        return type(self)(value)

    def __class_getitem__(cls, _: "Any") -> "type[BaseAnnotation]":
        """For annotations such as `unmapped[int]`."""
        return cls

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BaseAnnotation) and (type(self), self.value) == (type(other), other.value)

    def __hash__(self) -> int:
        return hash((type(self), self.value))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"


class unmapped(BaseAnnotation):
    """`map` gives this value whole to every task run, even if it could be iterated."""


class allow_failure(BaseAnnotation):
    """The task runs even if this future fails; it then gets the exception instead of a result."""


class opaque(BaseAnnotation):
    """A future's result takes its place, and is not searched for more. For big results."""


class freeze(BaseAnnotation):
    """A parameter that nobody shall change: Prefect's, for deployments. Here it is the value."""

    def unfreeze(self) -> "Any":
        return self.unwrap()


class NotSet:
    """Stands for "not given", where None would mean something."""


class quote(BaseAnnotation):
    """The value is handed over as it is: no futures are looked for in it. For big collections.

    Returned by a flow, it is its result, even if a state is in it.
    """

    def unquote(self) -> "Any":
        return self.unwrap()
