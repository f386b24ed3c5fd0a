"""For type checkers: where this module really is, see prefect_alias."""
