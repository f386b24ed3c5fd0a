"""When two names mean one flow."""


def plain_name(name: str) -> str:
    """What of a flow's name counts: "-" is "_", and case does not matter."""
    return name.strip().replace("_", "-").casefold()


def same_name(one: str, other: str) -> bool:
    """Whether two names count as the same."""
    return plain_name(one) == plain_name(other)
