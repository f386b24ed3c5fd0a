"""A flow of a file in another folder."""

import tempfile
from pathlib import Path

from prefect import flow

ELSEWHERE = """
from prefect import flow, task

@task
def double(x): return 2 * x

@flow
def elsewhere(n: int = 1): return double(n)
"""

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "work.py").write_text(ELSEWHERE)
        found = flow.from_source(source=folder, entrypoint="work.py:elsewhere")
        print(type(found).__name__, found.name, found(21))
        try:
            found.deploy("x", work_pool_name="pool")
        except Exception as error:
            print(type(error).__name__)

# Output:
# Flow elsewhere 42
# UnsupportedFeature
