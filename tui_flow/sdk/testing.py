"""For users' own tests: runs in a project that is thrown away, and `import prefect` where Prefect is not installed.

    pytest -p tui_flow.sdk.testing

lets the tests of flow files that say `import prefect` import them.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tui_flow import prefect_alias
from tui_flow.contract.rundir import ENV_PROJECT

__all__ = ["prefect_test_harness"]


@contextmanager
def prefect_test_harness(server_startup_timeout: int | None = None) -> Iterator[None]:  # noqa: ARG001
    """Inside, flows that are called have their runs in a temporary project, which is gone at the end.

    `server_startup_timeout` is Prefect's; there is no server to wait for.
    """
    before = os.environ.get(ENV_PROJECT)
    with tempfile.TemporaryDirectory(prefix="tui_flow-test-") as project:
        os.environ[ENV_PROJECT] = project
        try:
            yield
        finally:
            if before is None:
                del os.environ[ENV_PROJECT]
            else:
                os.environ[ENV_PROJECT] = before


def pytest_configure(config: Any) -> None:  # noqa: ARG001  (pytest's)
    """As a plugin of pytest's: before any test is imported."""
    prefect_alias.install()
