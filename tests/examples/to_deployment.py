"""What a flow is to be served as, written in the ways that there are."""

from datetime import timedelta

from prefect import flow
from prefect.schedules import Cron


@flow(version="1.2", description="Loads a day.")
def etl(day: str = "today") -> None: ...


if __name__ == "__main__":
    for options in (
        {},
        {"cron": "0 3 * * *"},
        {"interval": timedelta(hours=1)},
        {"interval": 600, "parameters": {"day": "monday"}},
        {"rrule": "FREQ=DAILY"},
        {"schedule": Cron("0 3 * * *", timezone="Europe/Paris")},
        {"schedules": [Cron("0 3 * * *", timezone="UTC"), Cron("0 4 * * *", timezone="UTC", active=False)]},
    ):
        made = etl.to_deployment("nightly", tags=["b", "a"], **options)
        print(
            made.name, made.flow_name, len(made.schedules), made.version, made.parameters, sorted(made.tags)
        )
    for wrong in ({"cron": "* * * * *", "interval": 1}, {"work_pool_name": "pool"}):
        try:
            etl.to_deployment("nightly", **wrong)
        except Exception as error:
            print(type(error).__name__)

# Output:
# nightly etl 0 1.2 {} ['a', 'b']
# nightly etl 1 1.2 {} ['a', 'b']
# nightly etl 1 1.2 {} ['a', 'b']
# nightly etl 1 1.2 {'day': 'monday'} ['a', 'b']
# nightly etl 1 1.2 {} ['a', 'b']
# nightly etl 1 1.2 {} ['a', 'b']
# nightly etl 2 1.2 {} ['a', 'b']
# ValueError
# UnsupportedFeature
