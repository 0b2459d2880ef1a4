from __future__ import annotations

import io
import tempfile
import zipfile

import pytest

from archive.canonical_zip import read_canonical, write_canonical
from flows import verification_apart
from flows.act import data_of
from flows.commands import withdraw
from flows.dossiers import dossier_of
from flows.known_files import Standing, known_file
from flows.settings import Settings
from flows.standalone import standalone_verifier
from flows.verification import keys_file, verify
from flows.wiring import Installation
from portal.language import language_for
from portal.routes import verify as page
from portal.verdicts import told, whose
from portal.who_signed import who_signed
from schemas.evidence import SignatureKind, Verdict, VerificationKeys, digest_of
from tests.installation import MANAGER
from tests.portal.kit import text_of


@pytest.fixture
def portal(portal_at):
    return portal_at("archived")


@pytest.fixture(scope="module")
def other_keys(tmp_path_factory) -> VerificationKeys:
    settings = Settings(
        home=tmp_path_factory.mktemp("other"), organisation="Somebody else", ledger_origin="other/ledger"
    )
    return Installation(settings).verification_keys()


@pytest.fixture
def quickly(monkeypatch):
    """Verify in this process: the other one is for foreign files, takes a second to start, and has tests of its own."""
    monkeypatch.setattr(page, "verify_apart", verify_here)


def verify_here(content, keys, *, pinned, now):
    return verify(content, keys, pinned=pinned, now=now)


def signed_pdf(portal) -> bytes:
    receipt = portal.house.ledger.state(portal.agreement).receipt
    return portal.house.store.get(receipt.key, version=receipt.version)


def upload(portal, content, name="file.pdf", keys=None):
    files = {"file": (name, content)} | ({"keys": ("keys.json", keys)} if keys is not None else {})
    return portal.as_("nobody").post("/verify", shown_on="/verify", files=files)


def answer(portal, content, **options):
    response = upload(portal, content, **options)
    assert response.status_code == 200, text_of(response.text)
    return text_of(response.text)


def altered(content: bytes, offset: int) -> bytes:
    changed = bytearray(content)
    changed[offset] ^= 1
    return bytes(changed)


def test_anybody_learns_that_a_signed_pdf_holds_and_that_the_archive_has_it(portal):
    said = answer(portal, signed_pdf(portal))
    assert "All 2 signatures are valid." in said
    assert "The document has not changed since" in said
    assert "who approved it, and what the ledger says: its dossier proves those" in said
    assert f"This exact file is the file of record of {portal.agreement}" in said


def test_a_dossier_proves_every_step(portal):
    said = answer(portal, dossier_of(portal.house, portal.agreement), name="dossier.zip")
    assert "All 2 signatures are valid." in said
    assert "Every step from the request to the archive stands in the ledger." in said
    assert f"file of record of {portal.agreement}" in said


def test_the_public_learns_neither_title_nor_people_of_a_file_they_hold(portal, quickly):
    said = answer(portal, signed_pdf(portal))
    row = portal.house.register.show(portal.agreement)
    assert row.title not in said
    assert MANAGER not in said


def test_one_changed_byte_is_refused_by_name_with_what_to_do(portal, quickly):
    said = answer(portal, altered(signed_pdf(portal), 20_000))
    assert "Do not rely on this file: 6 checks fail." in said
    assert "HASH_FAILURE , the bytes are not the ones that were signed" in said
    assert "What to do: Do not rely on this file, and keep it as it is." in said
    assert "This exact file is unknown here" in said


@pytest.mark.parametrize(
    "make",
    [
        lambda _, dossier: dossier[: len(dossier) // 2],
        lambda _, dossier: altered(dossier, len(dossier) // 2),
        lambda pdf, _: pdf[: len(pdf) // 2],
        lambda *_: b"%PDF-1.7 garbage",
    ],
    ids=["dossier cut off", "dossier altered", "PDF cut off", "garbage"],
)
def test_of_a_file_that_cannot_be_opened_nothing_is_said_to_be_checked(portal, quickly, make):
    said = answer(portal, make(signed_pdf(portal), dossier_of(portal.house, portal.agreement)))
    assert "Do not rely on this file" in said
    assert "The file could not be opened, so nothing else in it could be checked." in said
    assert "We checked" not in said
    assert "What was not checked" not in said
    assert "This exact file" not in said
    assert "Error" not in said


def test_of_a_dossier_only_what_was_looked_at_is_said_to_be_checked(portal):
    members = read_canonical(dossier_of(portal.house, portal.agreement))
    members["entries/0.json"] = b"{}"
    house = portal.house
    found = verify(write_canonical(members), house.verification_keys(), pinned=True, now=house.clock())
    said = told(language_for("en", ""), found)
    assert said.checked == ("that every file in the dossier is the one that its own list names",)
    assert "the signatures: the signed PDF in it could not be examined" in said.unchecked


def test_a_seal_that_stands_for_a_person_does_not_look_like_the_person(portal):
    house = portal.house
    found = verify(signed_pdf(portal), house.verification_keys(), pinned=True, now=house.clock())
    first = next(mark for mark in found.marks.signatures if mark.field == "signatory:for-gssc")
    sealed = first.model_copy(update={"kind": SignatureKind.SEAL, "subject": "Common Name: Seal of it"})
    found = found.model_copy(update={"marks": found.marks.model_copy(update={"signatures": (sealed, first)})})
    by_seal, by_certificate = who_signed(language_for("en", ""), found)
    assert by_seal.who == "Signatory “for-gssc”"
    assert by_seal.by == f"under the seal of {house.settings.organisation}"
    assert (by_certificate.who, by_certificate.by) == (whose(first.subject), None)


def test_a_dossier_names_who_signed_where_nothing_contradicts_it(portal, other_keys):
    house = portal.house
    dossier, keys = dossier_of(house, portal.agreement), house.verification_keys()
    document = data_of(house, house.ledger.state(portal.agreement).data)
    named = [(one.id, str(one.name), one.party) for one in document.signatories]
    parties = {party.short_name: party.id for party in document.parties}

    def signers(content, keys, *, pinned=True):
        found = verify(content, keys, pinned=pinned, now=house.clock())
        return [(one.signatory, one.name, parties[one.party]) for one in found.signers], found

    stated, found = signers(dossier, keys)
    assert stated == named
    parts = [part.name for part in told(language_for("en", ""), found).parts]
    assert f"Signature of {named[0][1]}" in parts
    assert signers(dossier, other_keys, pinned=False)[0] == [], "who is nobody we know names nobody"
    members = read_canonical(dossier)
    members["drafts/1/data.json"] = members["drafts/1/data.json"].replace(named[0][1].encode(), b"Somebody Else")
    assert signers(write_canonical(members), keys)[0] == []


def test_a_draft_bears_nothing_and_is_not_confirmed_to_be_one(portal, quickly):
    content = portal.house.ledger.state(portal.agreement).content
    draft = portal.house.store.get(f"work/v1/{portal.agreement}/{content.pdf}.pdf")
    said = answer(portal, draft)
    assert "This PDF bears no signature, so nothing about it is proven." in said
    assert "This exact file is unknown here" in said


def test_a_file_of_another_organisation_is_judged_without_our_keys(portal, other_keys):
    keys, now = other_keys, portal.house.clock()
    found = verify(signed_pdf(portal), keys, pinned=False, now=now)
    assert (found.organisation, found.report.verdict) == (None, Verdict.INDETERMINATE)
    found = verify(dossier_of(portal.house, portal.agreement), keys, pinned=False, now=now)
    assert (found.organisation, found.report.verdict) == (None, Verdict.INDETERMINATE)
    assert verify(signed_pdf(portal), keys, pinned=True, now=now).report.verdict is Verdict.INVALID


def test_keys_that_somebody_brings_are_the_ones_used(portal, other_keys, quickly):
    said = answer(portal, signed_pdf(portal), keys=keys_file(other_keys))
    assert "the seal is not of Somebody else" in said
    assert "With the keys of Somebody else" in said


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", content)
    return packed.getvalue()


def encrypted(pdf: bytes) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer, out = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf))), io.BytesIO()
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


def bloated(pdf: bytes) -> bytes:
    import zlib

    stream = zlib.compress(bytes(70 * 1024 * 1024), 9)
    return pdf + b"\n9999 0 obj\n<</Length %d/Filter/FlateDecode>>\nstream\n%b\nendstream\nendobj\n" % (
        len(stream),
        stream,
    )


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda _: zipped(bytes(50 * 1024 * 1024)), "compressed members are not used in dossiers"),
        (encrypted, "encrypted"),
        (bloated, "makes more than"),
        (lambda pdf: pdf[: len(pdf) // 2], "cannot be read"),
        (lambda _: b"%PDF-1.7\n" + b"[" * 100_000, "cannot be read"),
    ],
    ids=["zip bomb", "encrypted", "stream bomb", "cut off", "nested"],
)
def test_a_hostile_file_is_a_verdict_and_no_fault_of_ours(portal, make, why):
    house = portal.house
    found = verify(make(signed_pdf(portal)), house.verification_keys(), pinned=False, now=house.clock())
    said = told(language_for("en", ""), found)
    assert said.headline.startswith("Do not rely on this file")
    assert any(why in part.reason for part in said.open_parts)
    assert said.remedy


@pytest.mark.parametrize(
    ("limit", "value"), [("CPU_SECONDS", 1), ("MEMORY_BYTES", 60 * 1024**2)], ids=["time", "memory"]
)
def test_what_outgrows_its_limits_is_refused_on_the_form(portal, monkeypatch, limit, value):
    monkeypatch.setattr(verification_apart, limit, value)
    content = dossier_of(portal.house, portal.agreement)
    response = upload(portal, content, name="dossier.zip")
    assert response.status_code == 422
    assert "the file cannot be judged" in text_of(response.text)


@pytest.mark.parametrize(
    ("content", "keys", "why"),
    [
        (b"", None, "there is no file to verify"),
        (b"only words", None, "neither a PDF nor a dossier"),
        (b"%PDF-1.7", b"{}", "the public keys cannot be used"),
        (b"%PDF-1.7 and too much of it", None, "the file is too large"),
    ],
    ids=["nothing", "text", "no keys", "too large"],
)
def test_a_file_that_is_none_is_refused_on_the_form(portal, monkeypatch, content, keys, why):
    monkeypatch.setattr(page, "LARGEST_FILE_BYTES", 20)
    response = upload(portal, content, keys=keys)
    assert response.status_code == 422
    assert why in text_of(response.text)
    assert why != "the file is too large" or "at most 20 bytes" in text_of(response.text)
    assert 'aria-invalid="true"' in response.text


def test_one_network_may_not_verify_without_end(portal, monkeypatch):
    monkeypatch.setattr(page, "TRIES", 1)
    assert upload(portal, b"only words").status_code == 422
    response = upload(portal, b"only words")
    assert response.status_code == 429
    assert "too many tries" in text_of(response.text)


def test_nothing_of_the_file_is_left(portal, monkeypatch, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    portal.as_("nobody").get("/verify")
    files = {path for path in portal.house.home.rglob("*") if "sqlite" not in path.name}
    large = signed_pdf(portal) + b"%" * 2 * 1024**2
    answer(portal, large, name="a-name-of-its-own.pdf")
    assert list(folder.iterdir()) == []
    assert {path for path in portal.house.home.rglob("*") if "sqlite" not in path.name} == files
    kept = b"".join(path.read_bytes() for path in portal.house.home.glob("*sqlite*"))
    assert b"a-name-of-its-own" not in kept
    assert digest_of(large).encode() not in kept


def test_keys_and_verifier_are_there_for_everybody_with_their_digests(portal):
    visitor = portal.as_("nobody")
    keys = visitor.get("/verify/keys.json")
    assert keys.content == keys_file(portal.house.verification_keys())
    assert visitor.get("/verify/convenio_verify.py").content == standalone_verifier()
    said = text_of(visitor.get("/verify/keys").text)
    assert digest_of(keys.content) in said
    assert digest_of(standalone_verifier()) in said


def test_an_older_revision_is_known_as_one(portal):
    state = portal.house.ledger.state(portal.agreement)
    prepared = state.signatures[0].base
    assert known_file(portal.house, prepared).standing is Standing.BEFORE_END
    assert known_file(portal.house, state.data) is None
    assert known_file(portal.house, "0" * 64) is None


def test_a_document_that_was_withdrawn_is_said_to_bind_nobody(portal_at, quickly):
    portal = portal_at("second invited")
    pdf = portal.house.ledger.state(portal.agreement).pdf
    assert known_file(portal.house, pdf).standing is Standing.UNDER_WAY
    withdraw(portal.house, portal.agreement, by=MANAGER, reason="for a test")
    assert known_file(portal.house, pdf).standing is Standing.ENDED
    content = portal.house.store.get(f"work/v1/{portal.agreement}/{pdf}.pdf")
    said = answer(portal, content)
    assert "Nothing contradicts this file, but not everything about it is proven." in said
    assert "It binds nobody." in said
