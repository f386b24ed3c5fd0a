"""States as objects."""

import asyncio

from prefect import State
from prefect.client.schemas.objects import StateType
from prefect.exceptions import CancelledRun, CrashedRun, MissingResult, UnfinishedRun
from prefect.states import (
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Late,
    Paused,
    Pending,
    Retrying,
    Running,
    Scheduled,
    Suspended,
    get_state_exception,
    raise_state_exception,
)

if __name__ == "__main__":
    for make in (
        Scheduled, Late, AwaitingRetry, Pending, Running, Retrying, Completed, Failed, Crashed, Cancelling, Cancelled,
        Paused, Suspended,
    ):  # fmt: skip
        state = make()
        print(state.name, state.type.value, state.is_final())
    print(
        Completed(data=1, message="m").result(),
        asyncio.run(Completed(data=2).aresult()),
        isinstance(state, State),
    )
    for broken, error in (
        (Crashed(), CrashedRun),
        (Cancelled(), CancelledRun),
        (Running(), UnfinishedRun),
        (Completed(), MissingResult),
    ):
        try:
            broken.result()
        except error:
            print(error.__name__)
    print(repr(get_state_exception(Failed(data=KeyError("k")))), raise_state_exception(Completed(data=1)))
    print(State(type=StateType.COMPLETED).is_completed())

# Output:
# Scheduled SCHEDULED False
# Late SCHEDULED False
# AwaitingRetry SCHEDULED False
# Pending PENDING False
# Running RUNNING False
# Retrying RUNNING False
# Completed COMPLETED True
# Failed FAILED True
# Crashed CRASHED True
# Cancelling CANCELLING False
# Cancelled CANCELLED True
# Paused PAUSED False
# Suspended PAUSED False
# 1 2 True
# CrashedRun
# CancelledRun
# UnfinishedRun
# MissingResult
# KeyError('k') None
# True
