"""The flow author's API."""

__all__: list[str] = []
