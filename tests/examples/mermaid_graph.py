"""The structure of a flow as a Mermaid flowchart, without running its tasks."""

import warnings

from prefect import flow, task


@task(name="Print Hello")
def print_hello(name: str) -> str:
    msg = f"Hello {name}!"
    print(msg)
    return msg


@task(viz_return_value=[4])
def get_list() -> list[int]:
    return [1, 2, 3]


@flow(name="Hello Flow")
def hello_world(name: str = "world") -> None:
    message = print_hello(name)
    print_hello(message)
    for _ in get_list():
        print_hello("again")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(hello_world.generate_mermaid_graph())

# Output:
# flowchart TD
#     Print_Hello_0["Print Hello-0"]
#     Print_Hello_1["Print Hello-1"]
#     get_list_0["get_list-0"]
#     Print_Hello_2["Print Hello-2"]
#     Print_Hello_0 --> Print_Hello_1
