"""A project with tiny flows and a real engine, shared by the tests of one module."""

from collections.abc import Iterator

import pytest

from tests.project import Project, temporary_project

TINY = '''
    """Flows that end at once, one way or another."""
    import time

    from tui_flow import flow, get_run_logger, task


    @task
    def double(x: int) -> int:
        return 2 * x


    @task
    def explode() -> None:
        raise ValueError("no such luck \\x1b[31m")


    @flow
    def tiny(number: int = 3, text: str = "a") -> int:
        """Double some numbers."""
        get_run_logger().info("working on %s", text)
        print("from print", flush=True)
        return sum(double.map(range(number)).result())


    @flow
    def bad():
        explode()


    @flow
    def upstream():
        double.submit(1, wait_for=[explode.submit()]).result()


    @flow
    def slow(seconds: float = 60):
        get_run_logger().info("sleeping")
        time.sleep(seconds)
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with temporary_project(tmp_path_factory.mktemp("project")) as found:
        found.write("tiny.py", TINY)
        yield found
