from __future__ import annotations

import pytest

from schemas.errors import Invalid
from signing.read import attached_files, revisions


def test_revisions_are_the_files_that_were_handed_out(journey):
    found = revisions(journey.final)
    assert found[:4] == [journey.approved, journey.prepared, *journey.revisions]
    assert found[-1] == journey.final
    assert len(found) == 6


def test_approved_pdf_has_no_attachments(approved):
    assert attached_files(approved) == {}


@pytest.mark.parametrize("junk", [b"", b"junk", b"%PDF-1.7\n", b"%PDF-1.7\nstartxref\n0\n%%EOF"])
def test_junk_is_invalid_and_never_a_crash(junk):
    for read in (attached_files, revisions):
        with pytest.raises(Invalid):
            read(junk)
