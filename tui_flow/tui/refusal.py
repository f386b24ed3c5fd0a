"""What somebody typed into a prompt, and cannot be taken."""


class Refused(ValueError):
    """Says why. The prompt stays open with the text, so that it can be mended."""
