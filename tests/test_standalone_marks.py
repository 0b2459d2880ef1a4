"""The standalone verifier says of each mark in a PDF what ``convenio verify`` says, also of marks that are wrong."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata

from flows import verification
from schemas.evidence import VerificationKeys
from schemas.signature import SigningWay
from signing import revision
from signing.evidence_records import reason_for
from signing.fields import CLOSING_TIMESTAMP, signatory_field
from signing.preserve import preserve
from signing.revision import append_signature, writer_on
from tests.attacks.scene import Scene
from tests.signing.conftest import make_desk
from verifier import convenio_verify as standalone

EVIDENCE = "ab" * 32
CHAMBER = signatory_field("chamber")


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Scene:
    return Scene.set(tmp_path_factory.mktemp("marks"))


@pytest.fixture
def both(scene, tmp_path, monkeypatch):
    """Return what each verifier says of the marks and fields of a PDF: verdict and reason by part."""
    keys = VerificationKeys(
        organisation="GSSC",
        ledger="not needed for a PDF alone",
        trust_roots=(scene.desk.pki.root_pem,),
        seal_certificates=(scene.desk.pki.seal.certificate_digest,),
    )

    def told(pdf, at=None):
        at = at or scene.desk.clock.now
        monkeypatch.setattr(verification, "utc_now", lambda: at)
        (tmp_path / "signed.pdf").write_bytes(pdf)
        findings = standalone.Findings()
        standalone.Marks(pdf, keys.model_dump(mode="json"), at).judge_all(findings)
        ours = [found.model_dump() for found in verification.verify_file(tmp_path / "signed.pdf", keys).findings]
        of_marks = {found["part"] for found in findings.found} - {"file"}
        return [
            {found["part"]: (found["verdict"], found["reason"]) for found in some if found["part"] in of_marks}
            for some in (ours, findings.found)
        ]

    return told


def verdicts(told) -> dict[str, str]:
    """Return the verdicts by part, on which both agree."""
    ours, theirs = ({part: str(verdict) for part, (verdict, _) in some.items()} for some in told)
    assert ours == theirs
    return ours


def sealed_for_the_chamber(scene: Scene, reason: str) -> bytes:
    """Return the document with the organisation's own seal in a person's field."""
    first, _ = scene.revisions
    sealed = append_signature(
        writer_on(first),
        field=CHAMBER,
        key=scene.desk.pki.seal,
        timestamper=scene.desk.timestamper,
        now=scene.desk.clock.now,
        reason=reason,
    )
    return scene.concluded_by_an_insider(sealed)


def test_both_accept_every_mark_of_a_good_file(scene, both):
    told = verdicts(both(scene.final))
    assert set(told.values()) == {"valid"}
    assert len(told) == 5


@pytest.mark.parametrize(
    "reason",
    ["Agreed and signed", f"Clicked by the signatory; evidence SHA-256 {EVIDENCE}", f"x {EVIDENCE}"],
    ids=["none", "nearly", "digest"],
)
def test_both_refuse_the_organisations_seal_in_a_persons_field(scene, both, reason):
    told = both(sealed_for_the_chamber(scene, reason))
    assert verdicts(told)[f"signature {CHAMBER}"] == "invalid"
    for some in told:
        assert "proves origin and never a person's consent" in some[f"signature {CHAMBER}"][1]


@pytest.mark.parametrize("way", [SigningWay.CLICK, SigningWay.PAPER])
def test_both_accept_it_where_it_names_a_record(scene, both, way):
    told = verdicts(both(sealed_for_the_chamber(scene, reason_for(way, EVIDENCE))))
    assert told[f"seal {CHAMBER}"] == "valid"


def test_both_leave_open_what_nobody_signed(scene, both):
    told = verdicts(both(scene.concluded_by_an_insider(scene.revisions[0])))
    assert told[f"field {CHAMBER}"] == "indeterminate"


def of_adobes_kind(make, **given):
    return make(**given | {"subfilter": SigSeedSubFilter.ADOBE_PKCS7_DETACHED})


def test_both_leave_open_what_is_no_pades_signature(scene, both, monkeypatch):
    first, _ = scene.revisions
    with monkeypatch.context() as patch:
        patch.setattr(revision, "PdfSignatureMetadata", partial(of_adobes_kind, PdfSignatureMetadata))
        other = scene.signed_with(first, scene.desk.people[1], lambda _writer: None)
    told = both(other)
    assert verdicts(told)[f"signature {CHAMBER}"] == "indeterminate"
    for some in told:
        assert "no PAdES signature" in some[f"signature {CHAMBER}"][1]


def test_both_take_time_only_from_a_timestamp_that_is_valid_itself(scene, both, tmp_path):
    stranger = make_desk(tmp_path / "pki")
    _, second = scene.revisions
    stamped = preserve(
        second,
        timestamper=stranger.pki.timestamper(scene.desk.clock),
        field=CLOSING_TIMESTAMP,
        label="Timestamp",
        trust=scene.desk.trust,
        now=scene.desk.clock.now,
    )
    told = verdicts(both(stamped, scene.desk.clock.now + timedelta(days=365 * 30)))
    assert told[f"timestamp {CLOSING_TIMESTAMP}"] == "indeterminate"
    assert told[f"signature {CHAMBER}"] == "indeterminate"
