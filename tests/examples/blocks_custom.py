"""A block type of one's own: saved, loaded, with a secret field and a block inside of another."""

from prefect import flow
from prefect.blocks.core import Block
from pydantic import SecretStr


class Cube(Block):
    edge_length_inches: float

    def get_volume(self) -> float:
        return self.edge_length_inches**3


class AwsCredentials(Block):
    aws_access_key_id: str | None = None
    aws_secret_access_key: SecretStr | None = None
    region_name: str | None = None


class S3Bucket(Block):
    bucket_name: str
    credentials: AwsCredentials


@flow
def my_flow() -> None:
    print(Cube.load("rubiks-cube").get_volume())
    bucket = S3Bucket.load("my-s3-bucket")
    print(bucket.bucket_name, bucket.credentials.region_name, bucket.credentials.aws_secret_access_key)


if __name__ == "__main__":
    Cube.register_type_and_schema()
    Cube(edge_length_inches=2.25).save("rubiks-cube")
    credentials = AwsCredentials(
        aws_access_key_id="AKIA", aws_secret_access_key="secretaccesskey", region_name="eu"
    )
    print(credentials)
    credentials.save("my-aws-credentials")
    S3Bucket(bucket_name="my-bucket", credentials=credentials).save("my-s3-bucket")
    my_flow()
    Cube(edge_length_inches=2).save("rubiks-cube", overwrite=True)
    print(Block.load("cube/rubiks-cube").get_volume())
    Cube.delete("rubiks-cube")
    try:
        Cube.load("rubiks-cube")
    except ValueError as error:
        print("Unable to find block document" in str(error))

# Output:
# aws_access_key_id='AKIA' aws_secret_access_key=SecretStr('**********') region_name='eu'
# 11.390625
# my-bucket eu **********
# 8.0
# True
