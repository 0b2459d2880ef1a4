"""Attacks by people, with keys that sign: somebody else, too few, too many, another document, another time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from schemas.errors import Refused
from schemas.evidence import Verdict
from signing.fields import signatory_field
from signing.keys import load_pkcs12
from signing.reasons import GateReason
from signing.revision import RevisionWriter, open_pdf, signatures_of
from tests.attacks import tampering
from tests.attacks.forging import HIDDEN
from tests.attacks.scene import PLACES, Scene, agreement_pdf
from tests.signing.conftest import ORGANISATION, make_desk


def nothing_else(writer: RevisionWriter) -> None:
    """Fill the field and leave everything else."""


def another_certificate(scene: Scene, pki):
    """Return the first signatory with a key of their name from ``pki``."""
    person = scene.desk.people[0]
    content = pki.issue_signatory(person.name, f"{person.id}@example.org", ORGANISATION, b"x", scene.desk.clock.now)
    return replace(person, key=load_pkcs12(content, b"x", now=scene.desk.clock.now))


def test_certificate_of_the_same_name_and_issuer_is_another(scene: Scene):
    person = another_certificate(scene, scene.desk.pki)
    given = scene.gone_on(scene.signed_with(scene.prepared, person, nothing_else))
    assert scene.refused(**given) == {GateReason.OTHER_CERTIFICATE}


def test_certificate_of_the_same_name_by_nobody_trusted_is_refused(scene: Scene, tmp_path):
    person = another_certificate(scene, make_desk(tmp_path / "pki").pki)
    first = scene.signed_with(scene.prepared, person, nothing_else)
    assert {GateReason.OTHER_CERTIFICATE, GateReason.NOT_VALID} <= scene.refused(final_pdf=first)
    marks = {found.part: found for found in scene.verified(first).findings}
    found = marks["signature signatory:gssc"]
    assert found.verdict is Verdict.INDETERMINATE
    assert "does not chain to a trusted root" in found.reason


def test_signatories_who_fill_each_others_fields_are_refused(scene: Scene):
    first, second = scene.desk.people
    given = scene.gone_on(scene.signed_with(scene.prepared, replace(first, key=second.key), nothing_else))
    assert scene.refused(**given) == {GateReason.OTHER_CERTIFICATE}


def test_other_order_than_on_record_is_refused(scene: Scene):
    first, second = scene.desk.people
    one = scene.desk.sign(scene.prepared, second, stamp=None)
    two = scene.desk.sign(one, first, stamp=None)
    said = scene.refused(revisions=(one, two), final_pdf=scene.desk.conclude(two))
    assert {GateReason.SIGNING_ORDER, GateReason.OTHER_BASE} <= said


def test_document_closed_without_a_signatory_is_refused(scene: Scene):
    final = scene.concluded_by_an_insider(scene.revisions[0])
    said = scene.refused(revisions=scene.revisions[:1], final_pdf=final)
    assert {GateReason.SIGNATURE_MISSING} <= said
    found = {finding.part: finding for finding in scene.verified(final).findings}["field signatory:chamber"]
    assert (found.verdict, found.reason) == (Verdict.INDETERMINATE, "nobody has signed here yet")


def test_further_signatory_is_refused(scene: Scene):
    mallory = replace(scene.desk.people[1], id="mallory")

    def with_a_field(writer: RevisionWriter) -> None:
        append_signature_field(writer, SigFieldSpec(signatory_field("mallory")))

    third = scene.signed_with(scene.revisions[1], mallory, with_a_field)
    final = scene.concluded_by_an_insider(third)
    said = scene.refused(revisions=(*scene.revisions, third), final_pdf=final)
    assert {GateReason.FIELD_ADDED, GateReason.SIGNATURE_UNEXPECTED} <= said
    assert GateReason.FIELD_ADDED.sentence in scene.told_invalid(final)


def test_signature_of_another_document_is_refused(scene: Scene):
    prepared = scene.desk.prepare(agreement_pdf(("The contribution is 9,000 euro.", "Signed:")), fields=PLACES)
    other = contents_of(scene.desk.sign(prepared, scene.desk.people[0], stamp=None))
    mine = scene.desk.sign(scene.prepared, scene.desk.people[0], stamp=None)
    transplanted = mine.replace(contents_of(mine), other[: len(contents_of(mine))].ljust(len(contents_of(mine)), b"0"))
    assert len(transplanted) == len(mine)
    given = scene.gone_on(transplanted)
    assert GateReason.NOT_VALID in scene.refused(**given)
    assert "HASH_FAILURE" in scene.told_invalid(given["final_pdf"])


def contents_of(pdf: bytes) -> bytes:
    """Return the signature in the last mark, as it is written: hexadecimal digits."""
    _, length, second, _ = (int(value) for value in signatures_of(open_pdf(pdf))[-1].byte_range)
    return pdf[length + 1 : second - 1]


class Redirecting(RevisionWriter):
    """Writes a table that shows, for the first page's content, what stood unseen in the approved file."""

    def _write_objects(self, stream, object_position_dict) -> None:
        super()._write_objects(stream, object_position_dict)
        object_position_dict[0, 7] = self.prev.stream.getvalue().index(HIDDEN)


def test_signed_revision_that_shows_what_stood_hidden_is_refused(scene: Scene):
    """Hide and replace: two documents in what was approved, and a signed table that shows the other."""
    given = scene.tampered_by_the_first(nothing_else, Redirecting)
    said = scene.refused(**given)
    assert {GateReason.OBJECT_TABLE, GateReason.PAGE_CHANGED, GateReason.APPEARANCE} <= said
    assert GateReason.OBJECT_TABLE.sentence in scene.told_invalid(given["final_pdf"])


def test_approved_file_with_a_form_is_never_prepared(scene: Scene):
    """Replace: values of form fields that look as approved and read otherwise have nowhere to stand."""
    writer = RevisionWriter.from_reader(open_pdf(agreement_pdf()))
    writer.root["/AcroForm"] = tampering.dictionary(
        Fields=[writer.add_object(tampering.dictionary(FT="/Tx", T="price", V="1 EUR"))]
    )
    writer.update_root()
    with pytest.raises(Refused, match="the PDF has form fields already"):
        scene.desk.prepare(tampering.written(writer), fields=PLACES)
