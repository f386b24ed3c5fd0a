"""The smallest flow that is worth a look: two tasks, and parameters that are checked before anything runs.

    tui-flow run hello                                  with the defaults
    tui-flow run hello --param name=Ada --param times=5
    python flows/hello.py                               in this terminal; its run is in the history as well

Say `times=many`, and the run is refused with a line that names the parameter.
"""

from tui_flow import flow, get_run_logger, task


@task
def compose(name: str, number: int) -> str:
    """A task is a function whose calls are recorded: when, for how long, and how each ended."""
    return f"{'Hello' if number == 1 else 'Hello again'}, {name}!"


@task
def say(greeting: str) -> int:
    """What a task returns is a plain value: the flow below adds these up."""
    get_run_logger().info(greeting)
    return len(greeting)


@flow(log_prints=True)
def hello(name: str = "world", times: int = 3) -> int:
    """Greets somebody as often as you like, and counts the letters."""
    letters = sum(say(compose(name, number)) for number in range(1, times + 1))
    print(f"{letters} letters for {name}, in {times} greetings")
    return letters


if __name__ == "__main__":
    hello()
