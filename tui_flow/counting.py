"""How many there are, and how much, in words."""


def counted(count: int, noun: str) -> str:
    """ "1 run", "1,136 runs"; of "task run", "2 task runs"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def and_more(count: int, noun: str) -> str:
    """What follows the first of several: " (and 2 more mistakes)"; nothing where it is the only one."""
    return f" (and {counted(count - 1, f'more {noun}')})" if count > 1 else ""


def sized(size: int) -> str:
    """Of so many bytes: "12 B", "2.0 KiB", "1.4 MiB"."""
    for unit, one in (("MiB", 2**20), ("KiB", 2**10)):
        if size >= one:
            return f"{size / one:,.1f} {unit}"
    return f"{size} B"
