"""When a run whose process vanished begins anew, as its next attempt. Keeper and rescuer ask here, and write the answer
into the journal, so that whoever reads it later comes to the same end.

A run that was waiting between its own tries goes on at its due time, with the tries that are left. One that was at
work begins anew only if its flow says `on_crash="retry"`: after 10 s, 20 s, 40 s … (±20 %), three times at most, so
that a run which takes the machine down does not do so for ever. Crashes and failed tries are counted apart.
"""

from tui_flow.contract.journal import RunEnded
from tui_flow.contract.rundir import RunSpec
from tui_flow.contract.states import EndReason, FlowRunState

MAX_CRASHES = 3
"""So often a run begins anew after a crash."""
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 10.0, 600.0
JITTER = 0.2


def anew(word: RunEnded, spec: RunSpec, tries: int, waits_until: float | None) -> RunEnded:
    """The last word on an attempt, turned into "retrying" where another one is due; else as it is.

    `tries` is the try that the attempt was at, 0 before the first; `waits_until` when the next one was due, where it
    waited for that.
    """
    if word.state != FlowRunState.CRASHED or word.reason not in (EndReason.SIGNAL, EndReason.VANISHED):
        return word
    if waits_until is not None:
        due_at, crashes = max(waits_until, word.at), spec.crashes
        note = f"while it waited for try {tries + 1}, which attempt {spec.attempt + 1} makes"
    elif spec.on_crash == "retry" and spec.crashes < MAX_CRASHES:
        delay = delay_after(spec.crashes)
        due_at, crashes, tries = word.at + delay, spec.crashes + 1, max(tries - 1, spec.tries_before, 0)
        note = f"attempt {spec.attempt + 1} in {delay:.0f} s"
    else:
        if spec.on_crash == "retry":
            return word._replace(message=f"{word.message}; it crashed {spec.crashes + 1} times, and stays so")
        return word
    return word._replace(
        state=FlowRunState.RETRYING,
        message=f"{word.message}; {note}",
        due_at=due_at,
        tries=tries,
        crashes=crashes,
    )


def delay_after(crashes: int) -> float:
    """Seconds, after so many earlier crashes."""
    import random

    share: float = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  (not a secret)
    return min(FIRST_DELAY_SECONDS * float(2**crashes), LONGEST_DELAY_SECONDS) * share
