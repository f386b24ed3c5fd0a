"""Blocks: typed configuration that is saved under a name, by Prefect's names."""
