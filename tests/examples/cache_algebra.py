"""Cache policies, added to and taken from each other, with one of one's own, and one from a function."""

from prefect import flow, task
from prefect.cache_policies import (
    FLOW_PARAMETERS,
    INPUTS,
    NONE,
    RUN_ID,
    TASK_SOURCE,
    CacheKeyFnPolicy,
    CachePolicy,
)


class ByLength(CachePolicy):
    def compute_key(self, task_ctx, inputs, flow_parameters, **kwargs):
        return f"length-{len(inputs['text'])}"


def by_first_letter(context, parameters):
    return f"letter-{parameters['text'][0]}"


def shout(text: str, debug: bool = False) -> str:
    print("called with", text)
    return text.upper()


without_debug = task(shout, cache_policy=INPUTS - "debug" + TASK_SOURCE)
once_a_run = task(shout, cache_policy=RUN_ID + INPUTS)
by_flow = task(shout, cache_policy=FLOW_PARAMETERS)
by_length = task(shout, cache_policy=ByLength())
by_letter = task(shout, cache_policy=CacheKeyFnPolicy(cache_key_fn=by_first_letter))
never = task(shout, cache_policy=NONE)


@flow
def my_flow(name: str) -> None:
    print(without_debug("one"), without_debug("one", debug=True))
    print(once_a_run("two"), once_a_run("two"))
    print(by_flow("three"), by_flow("other"))
    print(by_length("four"), by_length("five"))
    print(by_letter("six"), by_letter("seven"))
    print(never("eight"), never("eight"))


if __name__ == "__main__":
    my_flow("a")
    print("again")
    my_flow("b")

# Output:
# called with one
# ONE ONE
# called with two
# TWO TWO
# called with three
# THREE THREE
# called with four
# FOUR FOUR
# called with six
# SIX SIX
# called with eight
# called with eight
# EIGHT EIGHT
# again
# ONE ONE
# called with two
# TWO TWO
# called with three
# THREE THREE
# FOUR FOUR
# SIX SIX
# called with eight
# called with eight
# EIGHT EIGHT
