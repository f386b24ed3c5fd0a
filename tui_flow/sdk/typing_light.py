"""The few typing names that are needed at run time, without importing `typing`: that takes longer than all that
`from tui_flow import flow, task` needs otherwise. Type checkers see the real ones."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic as Generic
    from typing import ParamSpec as ParamSpec
    from typing import TypeVar as TypeVar
    from typing import overload as overload
else:

    class Generic:
        """A class that can be subscripted, which changes nothing."""

        def __class_getitem__(cls, _):
            return cls

    def overload(function):
        return function

    def TypeVar(name):
        return name

    ParamSpec = TypeVar
