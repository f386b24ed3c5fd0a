"""The package itself, its modules, and names from them."""

import prefect
import prefect.runtime.flow_run
from prefect import futures, runtime, states
from prefect.futures import PrefectFuture, PrefectFutureList
from prefect.logging.loggers import get_run_logger
from prefect.main import Flow, Task


@prefect.task
def double(x: int) -> int:
    return 2 * x


@prefect.flow(name="named")
def my_flow() -> list:
    get_run_logger()
    future = double.submit(2)
    futures.wait([future])
    many = double.map([1])
    return [
        prefect.runtime.flow_run.flow_name,
        runtime.task_run.id,
        isinstance(future, PrefectFuture),
        isinstance(many, PrefectFutureList),
        prefect.context.get_run_context().flow_run.flow_name,
    ]


if __name__ == "__main__":
    print(my_flow(), prefect.__version__.split(".")[0].isdigit())
    print(isinstance(double, Task), isinstance(my_flow, Flow), states.Completed().name)

# Output:
# ['named', None, True, True, 'named'] True
# True True Completed
