"""The console. `presentation` needs no terminal and no Textual, so the command line uses it as well."""
