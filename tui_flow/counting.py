"""How many there are, in words."""


def counted(count: int, noun: str) -> str:
    """ "1 run", "1,136 runs"; of "task run", "2 task runs"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
