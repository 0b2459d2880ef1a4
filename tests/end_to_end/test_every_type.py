"""Every document type, by an example of it, goes the whole way: draft, review, signatures, archive, dossier, verify."""

from __future__ import annotations

import json

import pytest

from archive.canonical_zip import read_canonical
from flows.dossiers import dossier_of
from flows.verification import verify_file
from schemas.documents import document_types
from schemas.evidence import Verdict
from schemas.state import Stage
from tests.every_type import example_of


@pytest.mark.office
@pytest.mark.xdist_group("every type")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("document_type", document_types())
def test_a_document_of_every_type_goes_the_whole_way(document_type, archive_of_every_type, tmp_path):
    archive = archive_of_every_type
    agreement = archive.archived(example_of(document_type))
    state = archive.house.ledger.state(agreement)
    assert (state.stage, state.signed) == (Stage.ARCHIVED, state.signatories)
    target = tmp_path / "dossier.zip"
    target.write_bytes(dossier_of(archive.house, agreement))
    report = verify_file(target, archive.house.verification_keys())
    assert report.verdict is Verdict.VALID, [str(found) for found in report.findings if found.verdict != "valid"]
    manifest = json.loads(read_canonical(target.read_bytes())["drafts/1/manifest.json"])
    assert (manifest["document_type"], manifest["edited_by_hand"]) == (document_type, None)
    assert all(pin["archived_here"] for pin in manifest["pins"] if pin["agreement"] in archive.known.values())
