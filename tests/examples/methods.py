"""Methods of all kinds as flows and tasks."""

from prefect import flow, task


class Source:
    factor = 5

    def __init__(self, more: int) -> None:
        self.more = more

    @task
    def read(self, x: int) -> int:
        return self.factor * x + self.more

    @flow
    def load(self, x: int) -> int:
        return self.read(x) + self.read.submit(x).result() + sum(self.read.map([x, x]).result())

    @classmethod
    @task
    def of_class(cls, x: int) -> int:
        return cls.factor * x

    @staticmethod
    @task
    def static(x: int) -> int:
        return x + 1

    @task
    @classmethod
    def above(cls, x: int) -> int:
        return cls.factor + x

    @flow
    @staticmethod
    def static_flow(x: int) -> list[int]:
        return [Source.of_class(x), Source.static(x), Source.above(x), Source(0).above(x)]


if __name__ == "__main__":
    print(Source(1).load("2"), Source.static_flow("3"))

# Output:
# 44 [15, 4, 8, 8]
