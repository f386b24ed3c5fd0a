"""Which files in `flows/` may be flow files, by their names: the engine reads those, and the console counts them."""


def may_be_flow_file(name: str) -> bool:
    """Whether a file of that name is one, should it be a plain file."""
    return name.endswith(".py") and not is_ignored(name)


def is_ignored(name: str) -> bool:
    """Whether a file or folder of that name is nobody's flow: hidden, private, a backup, or no text."""
    return name.startswith((".", "_")) or name.endswith("~") or not _is_unicode(name)


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
