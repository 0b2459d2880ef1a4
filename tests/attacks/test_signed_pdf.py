"""Every attack on a signed PDF is refused by the gate, by name, and called invalid by an auditor who has only the file.

The kinds follow the published ones: incremental saving, signature wrapping and universal signature forgery (Mladenov,
Mainka, Meyer zu Selhausen, Grothe, Schwenk, CCS 2019), shadow attacks (NDSS 2021), attacks on certified documents
(IEEE S&P 2021).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import pairwise

import pytest

from schemas.evidence import Verdict
from signing.reasons import GateReason
from signing.revision import writer_on
from tests.attacks import forging, tampering
from tests.attacks.scene import Scene, Tamper

REVISIONS = {
    tampering.overlaid: {GateReason.ANNOTATION_ADDED, GateReason.APPEARANCE},
    tampering.seen_in_print_only: {GateReason.ANNOTATION_ADDED},
    tampering.linked: {GateReason.ANNOTATION_ADDED, GateReason.ACTIVE_CONTENT},
    tampering.field_for_another_signature: {GateReason.FIELD_ADDED},
    tampering.field_with_a_value: {GateReason.FIELD_ADDED, GateReason.FIELD_KIND},
    tampering.field_moved: {GateReason.FIELD_ALTERED},
    tampering.own_field_over_the_page: {GateReason.FIELD_ALTERED},
    tampering.field_renamed: {GateReason.FIELD_ALTERED},
    tampering.look_of_a_signature_swapped: {GateReason.FIELD_ALTERED, GateReason.APPEARANCE},
    tampering.digit_changed: {GateReason.PAGE_CHANGED, GateReason.APPEARANCE},
    tampering.comma_changed: {GateReason.PAGE_CHANGED, GateReason.APPEARANCE},
    tampering.other_content: {GateReason.PAGE_CHANGED, GateReason.APPEARANCE},
    tampering.cover_removed: {GateReason.OBJECT_REPLACED, GateReason.APPEARANCE},
    tampering.font_swapped: {GateReason.OBJECT_REPLACED, GateReason.APPEARANCE},
    tampering.page_added: {GateReason.PAGE_CHANGED, GateReason.APPEARANCE},
    tampering.page_removed: {GateReason.PAGE_CHANGED, GateReason.APPEARANCE},
    tampering.content_that_can_be_hidden: {GateReason.OPTIONAL_CONTENT},
    tampering.retitled: {GateReason.INFORMATION},
    tampering.described_otherwise: {GateReason.METADATA},
    tampering.attachment_swapped: {GateReason.ATTACHMENT_CHANGED},
    tampering.attachment_added: {GateReason.ATTACHMENT_ADDED},
    tampering.script_on_opening: {GateReason.ACTIVE_CONTENT},
    tampering.program_on_opening: {GateReason.ACTIVE_CONTENT},
    tampering.script_on_a_page: {GateReason.ACTIVE_CONTENT},
    tampering.form_in_xml: {GateReason.ACTIVE_CONTENT},
    tampering.object_removed: {GateReason.OBJECT_REPLACED},
}
"""Attacks that write a revision, and the names of the reasons that each is refused for, among others."""

AFTER_THE_SIGNATURE = {tampering.field_for_another_signature, tampering.look_of_a_signature_swapped}
"""Those that are not there yet, or not refused so early, while the first signatory signs."""

SEEN_WITH_A_LEDGER_ONLY = {GateReason.APPEARANCE}
"""Drawing is the gate's work; an auditor is told of the object instead."""


def each_of(tampers: Iterable[Tamper]) -> pytest.MarkDecorator:
    cases = [pytest.param(tamper, REVISIONS[tamper], id=tamper.__name__) for tamper in tampers]
    return pytest.mark.parametrize(("tamper", "named"), cases)


def after_the_last(pdf: bytes, tamper: Tamper) -> bytes:
    """Return ``pdf`` with one more revision, which nobody signs."""
    writer = writer_on(pdf)
    tamper(writer)
    return tampering.written(writer)


def assert_told(told: str, named: set[GateReason]) -> None:
    assert all(reason.sentence in told for reason in named - SEEN_WITH_A_LEDGER_ONLY), told


def test_honest_document_is_admitted_and_valid(scene: Scene):
    assert scene.submit().verdict == "valid"
    assert scene.verified(scene.final).verdict == "valid"


@each_of(tamper for tamper in REVISIONS if tamper not in AFTER_THE_SIGNATURE)
def test_what_a_signatory_changes_and_signs_is_refused(scene: Scene, tamper, named):
    given = scene.tampered_by_the_first(tamper)
    assert named <= scene.refused(**given)
    assert_told(scene.told_invalid(given["final_pdf"]), named)


@each_of(REVISIONS)
def test_what_anybody_changes_after_the_last_mark_is_refused(scene: Scene, tamper, named):
    final = after_the_last(scene.final, tamper)
    assert named | {GateReason.UNCOVERED_BYTES} <= scene.refused(final_pdf=final)
    assert_told(scene.told_invalid(final), named)


BYTES = {
    forging.ranges_overlapping: {GateReason.BYTE_RANGE},
    forging.gap_widened: {GateReason.BYTE_RANGE},
    forging.range_from_the_middle: {GateReason.BYTE_RANGE},
    forging.three_ranges: {GateReason.BYTE_RANGE},
    forging.ranges_zero: {GateReason.BYTE_RANGE},
    forging.ranges_null: {GateReason.BYTE_RANGE},
    forging.ranges_negative: {GateReason.BYTE_RANGE},
    forging.ranges_missing: {GateReason.BYTE_RANGE},
    forging.contents_null: {GateReason.BYTE_RANGE},
    forging.contents_zero: {GateReason.BYTE_RANGE},
    forging.contents_missing: {GateReason.BYTE_RANGE},
    forging.signature_wrapped: {GateReason.BYTE_RANGE},
    forging.without_a_table: {GateReason.UNCOVERED_BYTES},
    forging.with_a_broken_table: {GateReason.UNREADABLE},
    forging.with_a_trailer_alone: {GateReason.UNCOVERED_BYTES},
    forging.table_into_another_revision: {GateReason.OBJECT_TABLE},
    forging.table_hijacked: {GateReason.OBJECT_TABLE},
    forging.object_written_twice: {GateReason.DORMANT_OBJECT},
    forging.two_tables: {GateReason.OBJECT_TABLE},
    forging.junk_after_the_end: {GateReason.UNCOVERED_BYTES},
    forging.junk_before_the_beginning: {GateReason.NOT_AN_EXTENSION},
    forging.encrypted: {GateReason.ENCRYPTED},
    forging.inflating: {GateReason.INFLATED},
}
"""Attacks on the bytes of the finished file, and the names of the reasons that each is refused for, among others."""


@pytest.mark.parametrize(
    ("forge", "named"), [pytest.param(forge, named, id=forge.__name__) for forge, named in BYTES.items()]
)
def test_what_no_writer_would_write_is_refused(scene: Scene, forge, named):
    final = forge(scene.final)
    assert named <= scene.refused(final_pdf=final)
    told = scene.told_invalid(final)
    assert all(reason.sentence in told for reason in named - TOLD_OTHERWISE), told


TOLD_OTHERWISE = {GateReason.UNREADABLE, GateReason.UNCOVERED_BYTES, GateReason.NOT_AN_EXTENSION}
"""An auditor is told that the file cannot be read, or what follows the last mark; nobody gave them the file before."""


@pytest.mark.parametrize("program", ["pypdf", *forging.PROGRAMS])
def test_what_a_program_writes_anew_is_refused(scene: Scene, program, tmp_path):
    rewrite = forging.rewritten_by_pypdf if program == "pypdf" else partial(forging.rewritten_by, program)
    final = rewrite(scene.final, tmp_path)
    assert GateReason.NOT_AN_EXTENSION in scene.refused(final_pdf=final)
    assert scene.told_invalid(final)


def test_every_bit_counts(scene: Scene):
    passed = []
    for number, place in enumerate(sorted(set(forging.places_over(scene.final, 40)))):
        final = forging.flipped(scene.final, place, bit=number % 7)
        if scene.verified(final).verdict is not Verdict.INVALID:
            passed.append((place, scene.final[place - 20 : place + 20]))
    assert passed == []


def test_flipped_bit_in_what_was_handed_out_is_no_extension(scene: Scene):
    final = forging.flipped(scene.final, len(scene.prepared) // 2)
    assert GateReason.NOT_AN_EXTENSION in scene.refused(final_pdf=final)


def test_file_cut_at_the_end_of_a_revision_is_refused(scene: Scene):
    """An earlier revision is whole, and shown as the finished one."""
    ends = forging.ends_of(scene.final)
    assert ends[-1] == len(scene.final)
    for end in ends[:-1]:
        said = scene.refused(final_pdf=scene.final[:end])
        assert {GateReason.LAST_MARK, GateReason.SIGNATURE_MISSING} <= said
        assert "level B-LTA" not in str(scene.verified(scene.final[:end]))


def test_file_cut_within_a_revision_is_refused(scene: Scene):
    ends = forging.ends_of(scene.final)
    for begin, end in pairwise(ends):
        cut = scene.final[: (begin + end) // 2]
        assert GateReason.UNREADABLE in scene.refused(final_pdf=cut)
        assert scene.told_invalid(cut)
