"""A block for jobs of another system, as the abstract blocks have it."""

from prefect import flow, task
from prefect.blocks.abstract import CredentialsBlock, JobBlock, JobRun
from pydantic import SecretStr


class Credentials(CredentialsBlock):
    token: SecretStr

    def get_client(self) -> str:
        return f"client with a token of {len(self.token.get_secret_value())} characters"


class QueryRun(JobRun):
    def __init__(self, query: str) -> None:
        self.query = query

    def wait_for_completion(self) -> None:
        print("waits for", self.query)

    def fetch_result(self) -> list[int]:
        return [1, 2, 3]


class Query(JobBlock):
    query: str
    credentials: Credentials

    def trigger(self) -> QueryRun:
        print(self.credentials.get_client())
        return QueryRun(self.query)


@task
def run(job: JobBlock) -> list[int]:
    started = job.trigger()
    started.wait_for_completion()
    return started.fetch_result()


@flow
def my_flow() -> None:
    print(run(Query.load("daily")))


if __name__ == "__main__":
    Query(query="SELECT 1", credentials=Credentials(token="0123456789")).save("daily", overwrite=True)
    my_flow()

# Output:
# client with a token of 10 characters
# waits for SELECT 1
# [1, 2, 3]
