"""The command line: the composition root, and one file per command in `commands/`."""
