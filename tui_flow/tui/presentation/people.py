"""Who did something, for people: earlier versions of the engine wrote down user ids."""

import pwd
from functools import lru_cache


@lru_cache(maxsize=64)
def who(by: str) -> str:
    """ "uid 1000" as the name of that user, where there is one; anything else as it is."""
    kind, _, number = by.partition(" ")
    if kind != "uid" or not number.isdecimal():
        return by
    try:
        return pwd.getpwuid(int(number)).pw_name
    except (KeyError, OverflowError):
        return by
