"""The context of the run that one is in."""

from prefect import flow, task
from prefect.context import FlowRunContext, TaskRunContext, get_run_context
from prefect.exceptions import MissingContextError


@task(name="my-task")
def my_task(x: int) -> tuple:
    context = get_run_context()
    return (
        context.task.name,
        context.parameters,
        FlowRunContext.get().flow.name,
        TaskRunContext.get() is not None,
    )


@flow(name="my-flow", flow_run_name="a-run")
def my_flow(y: int) -> tuple:
    context = get_run_context()
    return context.flow.name, context.flow_run.name, context.parameters, TaskRunContext.get(), my_task(y)


if __name__ == "__main__":
    print(my_flow(3))
    try:
        get_run_context()
    except MissingContextError as error:
        print(isinstance(error, RuntimeError))
    print(FlowRunContext.get())

# Output:
# ('my-flow', 'a-run', {'y': 3}, None, ('my-task', {'x': 3}, 'my-flow', True))
# True
# None
