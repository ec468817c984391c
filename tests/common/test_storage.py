"""Test names in paths and addresses."""

import pytest

from common import storage


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("pairs.csv", "pairs.csv"),
        ("../data/out/", "out"),
        ("what?.csv", "what?.csv"),
        ("s3://bucket/out/pairs.parquet", "pairs.parquet"),
        ("s3://bucket/out/?region=eu-west-1", "out"),
        ("s3://bucket/pairs.csv?endpoint_override=http://host:9000/x.y&scheme=http", "pairs.csv"),
    ],
)
def test_the_last_name_of_a_path_or_an_address(location: str, name: str) -> None:
    assert storage.name_of(location) == name
