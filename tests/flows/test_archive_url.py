"""One address says where objects lie."""

from __future__ import annotations

import pytest

from archive.store import Encryption, LockMode
from flows.archive_url import S3Place, parse_archive_url
from flows.settings import Settings, read_settings
from schemas.errors import InputError


def test_the_directory_is_the_default(tmp_path):
    assert Settings(home=tmp_path).archive_place is None


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("s3://archive", S3Place("archive")),
        ("s3://archive/", S3Place("archive")),
        ("s3://archive?lock=GOVERNANCE", S3Place("archive", lock=LockMode.GOVERNANCE)),
        (
            "s3://archive?endpoint=https://s3.example.org:7480&region=eu-central-1",
            S3Place("archive", endpoint="https://s3.example.org:7480", region="eu-central-1"),
        ),
        ("s3://archive?sse=AES256", S3Place("archive", encryption=Encryption("AES256"))),
        ("s3://archive?sse=aws:kms", S3Place("archive", encryption=Encryption("aws:kms"))),
        (
            "s3://archive?sse=aws:kms:arn:aws:kms:eu-central-1:1:key/2",
            S3Place("archive", encryption=Encryption("aws:kms", "arn:aws:kms:eu-central-1:1:key/2")),
        ),
    ],
)
def test_an_address_names_a_bucket_and_how_it_is_used(address, place):
    assert parse_archive_url(address) == place


def test_the_log_has_a_bucket_of_its_own():
    assert S3Place("archive").log_bucket == "archive-log"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tape", "expected file, or s3://BUCKET"),
        ("", "expected file, or s3://BUCKET"),
        ("https://archive.example", "expected file, or s3://BUCKET"),
        ("s3://", "the name of a bucket"),
        ("s3://Archive", "the name of a bucket"),
        ("s3://archive/folder", "the name of a bucket"),
        ("s3://key:hush-hush@archive", "credentials do not belong into an address"),
        ("s3://archive?endpont=http://x.example", "did you mean endpoint"),
        ("s3://archive?secret=hush-hush", "the parameters are endpoint, region, lock, sse"),
        ("s3://archive?lock=", "the parameter lock has no value"),
        ("s3://archive?lock=compliance", "lock is GOVERNANCE or COMPLIANCE"),
        ("s3://archive?lock=COMPLIANCE&lock=GOVERNANCE", "given twice"),
        ("s3://archive?endpoint=s3.example.org", "http or https address without credentials"),
        ("s3://archive?endpoint=https://key:hush-hush@s3.example.org", "http or https address without credentials"),
        ("s3://archive?sse=DES", "sse is AES256, aws:kms or aws:kms:KEY"),
        ("s3://archive?sse=aws:kms:", "sse is AES256, aws:kms or aws:kms:KEY"),
    ],
)
def test_another_address_is_refused_and_no_secret_in_it_repeated(tmp_path, monkeypatch, address, said):
    with pytest.raises(ValueError, match=said.replace(":", ".")):
        parse_archive_url(address)
    (tmp_path / "convenio.toml").write_text(f'archive_url = "{address}"\n')
    with pytest.raises(InputError) as refusal:
        read_settings(tmp_path)
    assert said in str(refusal.value)
    assert "hush" not in str(refusal.value)
