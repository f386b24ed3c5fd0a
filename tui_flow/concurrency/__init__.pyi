"""For type checkers: its parts are `sync` and `asyncio`."""
