"""Raises alerts about what happens to runs, schedules and flow files, and sends messages about them."""
