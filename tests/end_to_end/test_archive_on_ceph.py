"""The demonstration with its archive in a real S3: locked, not to be deleted by anybody, and enough to restore from."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from flows.settings import read_settings
from flows.wiring import Installation
from schemas.evidence import AgreementId, DepositReceipt, digest_of
from tests import ceph
from tests.archived import on_s3
from tests.end_to_end.conftest import convenio

pytestmark = [*ceph.MARKS, pytest.mark.prefect, pytest.mark.office, pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Archived:
    """The home of a demonstration, what it said, and where it says that the PDF lies."""

    home: Path
    said: str
    receipt: DepositReceipt


@pytest.fixture(scope="module")
def archived(ceph_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    """Everything that is done here is done with these settings in the environment, as ``make demo`` takes them."""
    home = tmp_path_factory.mktemp("on-ceph") / "home"
    with pytest.MonkeyPatch.context() as environment:
        for name, value in on_s3(ceph_endpoint, f"convenio-{uuid.uuid4().hex[:12]}").items():
            environment.setenv(f"CONVENIO_{name.upper()}", str(value))
        environment.setenv("CONVENIO_REQUIRE_WORM", "true")
        environment.setenv("CONVENIO_BACKUP_PASSPHRASE", "only for this test")
        ended = convenio("demo", "--home", home, home=home.parent, seconds=600)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        house = Installation(read_settings(home))
        [row] = house.register.rows()
        yield Archived(home, ended.stdout, house.ledger.state(AgreementId(row.id)).receipt)
        house.close()


def test_the_demonstration_says_how_the_pdf_is_held(archived: Archived) -> None:
    [held] = re.findall(r"^ +held: (.*)$", archived.said, flags=re.MULTILINE)
    until = f"{archived.receipt.retain_until:%Y-%m-%d %H:%M} UTC"
    assert held == (
        f"WORM, locked COMPLIANCE until {until}, in {archived.receipt.store}, version {archived.receipt.version}"
    )


def test_the_administrators_own_key_cannot_delete_it(archived: Archived, ceph_endpoint: str) -> None:
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=ceph_endpoint,
        region_name="us-east-1",
        aws_access_key_id=ceph.ACCESS_KEY,
        aws_secret_access_key=ceph.SECRET_KEY,
        config=Config(s3={"addressing_style": "path"}, response_checksum_validation="when_required"),
    )
    words = {
        "Bucket": archived.receipt.store.removeprefix("s3:"),
        "Key": archived.receipt.key,
        "VersionId": archived.receipt.version,
    }
    for bypass in ({}, {"BypassGovernanceRetention": True}):
        with pytest.raises(ClientError) as refusal:
            client.delete_object(**words, **bypass)
        assert refusal.value.response["Error"]["Code"] == "AccessDenied"
    assert digest_of(client.get_object(**words)["Body"].read()) == archived.receipt.sha256
    client.close()


def test_a_restore_drill_makes_the_same_checkpoint_from_the_buckets(archived: Archived, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    made = convenio("backup", "-o", backup, home=archived.home)
    assert made.returncode == 0, made.stderr
    before = json.loads(convenio("ledger", "publish", "--json", home=archived.home).stdout)
    drilled = convenio("ledger", "drill", backup, "--json", home=archived.home)
    result = json.loads(drilled.stdout)
    assert (drilled.returncode, result["equal"]) == (0, True), drilled.stdout + drilled.stderr
    assert (result["leaves"], result["root"]) == (before["size"], before["root"])
    assert result["dossiers"] == 1


def test_the_sweep_finds_everything_well(archived: Archived) -> None:
    swept = convenio("archive", "fixity", "--all", "--json", home=archived.home)
    assert (swept.returncode, json.loads(swept.stdout)["faults"]) == (0, [])
    assert json.loads(swept.stdout)["promise"] == "WORM"
