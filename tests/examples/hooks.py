"""Functions that are called when a run begins or ends, by option or by decorator."""

from prefect import flow, task


def told(flow_or_task, run, state) -> None:
    print(flow_or_task.name, "|", state.name)


async def told_async(flow_or_task, run, state) -> None:
    print(flow_or_task.name, "| async |", state.type)


@task(on_completion=[told], on_failure=[told])
def my_task(fails: bool) -> None:
    if fails:
        raise ValueError("as asked")


@my_task.on_failure
def also(task, run, state) -> None:
    print(task.name, "failed in", run.name)


@my_task.on_running
def at_start(task, run, state) -> None:
    print("begins", state.type)


@flow(on_completion=[told, told_async], on_failure=[told], on_running=[told])
def my_flow(fails: bool) -> None:
    my_task(False)
    if fails:
        my_task(True)


@my_flow.on_failure
def last(flow, flow_run, state) -> None:
    print("last:", state.message)


@my_flow.on_cancellation
@my_flow.on_crashed
def not_today(flow, flow_run, state) -> None:
    print("not reached")


if __name__ == "__main__":
    my_flow(False)
    my_flow(True, return_state=True)
    my_flow.with_options(name="renamed")(False)

# Output:
# my-flow | Running
# begins RUNNING
# my_task | Completed
# my-flow | Completed
# my-flow | async | COMPLETED
# my-flow | Running
# begins RUNNING
# my_task | Completed
# begins RUNNING
# my_task | Failed
# my_task failed in my_task-1
# my-flow | Failed
# last: ValueError: as asked
# renamed | Running
# begins RUNNING
# my_task | Completed
# renamed | Completed
# renamed | async | COMPLETED
