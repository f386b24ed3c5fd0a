"""Assets: what tasks produce, with properties, metadata, and what they are made from."""

from prefect import flow, task
from prefect.assets import Asset, AssetProperties, add_asset_metadata, materialize

processed = Asset(
    key="s3://my-bucket/processed-data.csv",
    properties=AssetProperties(name="Processed Customer Data", owners=["data-team@company.com"]),
)


@materialize("postgres://prod/users/raw_users")
def extract_users() -> list[int]:
    return [3, 1, 2]


@task
def order(users: list[int]) -> list[int]:
    return sorted(users)


@materialize(processed, by="pandas", asset_deps=["s3://my-bucket/external.csv"], retries=1)
def process_users(users: list[int]) -> int:
    add_asset_metadata(processed, {"row_count": len(users)})
    processed.add_metadata({"checked": True})
    return len(users)


@flow
def pipeline() -> int:
    return process_users(order(extract_users.submit()))


if __name__ == "__main__":
    print(pipeline())
    print(processed.key, processed.properties.owners)
    try:
        Asset(key="not a uri")
    except ValueError as error:
        print(type(error).__name__)

# Output:
# 3
# s3://my-bucket/processed-data.csv ['data-team@company.com']
# ValueError
