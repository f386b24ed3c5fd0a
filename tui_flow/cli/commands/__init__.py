"""One file per command, named as the command; each holds a click command called `command`."""
