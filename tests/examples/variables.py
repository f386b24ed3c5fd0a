"""Variables: set, get with a default, overwrite, unset; awaited in a coroutine."""

import asyncio

from prefect import flow
from prefect.variables import Variable


@flow
def my_flow() -> None:
    Variable.set("crew_members", ["Zaphod", "Arthur", "Trillian"])
    crew = Variable.get("crew_members", default=["Backup1", "Backup2"])
    print(crew, Variable.get("captain", default="nobody"))
    try:
        Variable.set("crew_members", [])
    except ValueError as error:
        print("ValueError", "overwrite=True" in str(error))


@flow
async def my_async_flow() -> None:
    await Variable.set("crew_members", ["Marvin"], overwrite=True)
    print(await Variable.get("crew_members"))
    print(await Variable.aget("captain"))


if __name__ == "__main__":
    my_flow()
    asyncio.run(my_async_flow())
    print(Variable.unset("crew_members"), Variable.get("crew_members"))

# Output:
# ['Zaphod', 'Arthur', 'Trillian'] nobody
# ValueError True
# ['Marvin']
# None
# True None
