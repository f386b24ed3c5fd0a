"""Loggers of runs. What is shown here is caught by a handler."""

import logging
import sys

from prefect import flow, get_run_logger, task
from prefect.exceptions import MissingContextError
from prefect.logging import get_logger


class Caught(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.INFO and not record.getMessage().startswith(("Begins", "Finished")):
            sys.stdout.write(f"{record.levelname} {record.name.rpartition('.')[2]} {record.getMessage()}\n")


@task
def my_task() -> None:
    get_run_logger().info("from a task: %s", 1)
    get_logger("mine").warning("a logger of one's own")


@flow
def my_flow() -> None:
    logger = get_run_logger()
    logger.error("from the flow")
    logger.debug("not shown")
    logging.getLogger("other").warning("from a library")
    my_task()


if __name__ == "__main__":
    handler = Caught()
    for one in logging.getLogger(), get_logger():
        one.addHandler(handler)
    my_flow()
    try:
        get_run_logger()
    except MissingContextError:
        print("MissingContextError")
    for one in logging.getLogger(), get_logger():
        one.removeHandler(handler)

# Output:
# ERROR flow_runs from the flow
# WARNING other from a library
# INFO task_runs from a task: 1
# WARNING mine a logger of one's own
# MissingContextError
