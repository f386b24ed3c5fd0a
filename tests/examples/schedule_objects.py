"""Schedules as objects, in Prefect's newer and older words, and what is no schedule."""

from datetime import datetime, timedelta

from prefect import flow
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule
from prefect.schedules import Cron, Interval, RRule


@flow
def my_flow(x: int = 1) -> None: ...


if __name__ == "__main__":
    made = my_flow.to_deployment(
        "all",
        schedules=[
            Cron("0 0 * * *", timezone="America/Chicago", slug="nightly"),
            Interval(timedelta(minutes=10), anchor_date=datetime(2026, 1, 1), timezone="America/Chicago"),
            RRule("FREQ=WEEKLY;BYDAY=MO,WE,FR", timezone="UTC", parameters={"x": 2}),
            CronSchedule(cron="0 0 * * *", timezone="America/New_York"),
            IntervalSchedule(interval=timedelta(hours=1)),
            RRuleSchedule(rrule="FREQ=DAILY", timezone="UTC"),
        ],
    )
    print(len(made.schedules))
    try:
        Interval(timedelta(seconds=-1))
    except ValueError as error:
        print("longer than 0" in str(error))

# Output:
# 6
# True
