"""Names of runs: templates with parameters, and functions."""

from prefect import flow, runtime, task
from prefect.runtime import flow_run, task_run


def name_it() -> str:
    return f"{runtime.flow_run.flow_name}-by-{flow_run.parameters['who']}"


def name_task() -> str:
    return f"{task_run.task_name}-of-{task_run.parameters['who']}"


@task(task_run_name="greets-{who}-{day:%A}")
def greet(who: str, day) -> str:
    return task_run.name


@task(task_run_name=name_task)
def thank(who: str) -> str:
    return task_run.name


@flow(flow_run_name="{who}-on-{day:%a}", validate_parameters=False)
def by_template(who: str, day) -> list[str]:
    return [flow_run.name, greet(who, day), greet.submit(who, day).result()]


@flow(flow_run_name=name_it, name="named")
def by_function(who: str) -> list[str]:
    return [flow_run.name, thank(who), thank.with_options(task_run_name="other")(who)]


if __name__ == "__main__":
    from datetime import date

    print(by_template("ada", date(2026, 1, 5)))
    print(by_function("bob"))

# Output:
# ['ada-on-Mon', 'greets-ada-Monday', 'greets-ada-Monday']
# ['named-by-bob', 'thank-of-bob', 'other']
