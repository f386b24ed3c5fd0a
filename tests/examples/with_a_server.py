"""What needs Prefect's server can be imported, and says so when it is used."""

from prefect import flow, get_client, task
from prefect.client.orchestration import get_client as also


@task
def my_task() -> int:
    return 1


@flow
def my_flow() -> int:
    return my_task()


if __name__ == "__main__":
    print(my_flow())
    for use in get_client, also, my_task.delay, my_task.serve, my_flow.deploy:
        try:
            use()
        except Exception as error:
            print(type(error).__name__, str(error).splitlines()[0].split()[-1].rpartition(".")[2])

# Output:
# 1
# UnsupportedFeature get_client
# UnsupportedFeature get_client
# UnsupportedFeature delay()
# UnsupportedFeature serve()
# UnsupportedFeature deploy()
