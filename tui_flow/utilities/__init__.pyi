"""For type checkers: what of it is here are its parts."""
