"""Small plots of block characters, which need neither colour nor more than eight heights."""

from tui_flow.tui.presentation.glyphs import Marks


def bar(value: float, most: float, marks: Marks) -> str:
    """One cell whose height says how much of the most it is; a dot for nothing."""
    if value <= 0 or most <= 0:
        return marks.nothing
    return marks.bars[min(len(marks.bars) - 1, int(value / most * (len(marks.bars) - 1) + 0.5))]
