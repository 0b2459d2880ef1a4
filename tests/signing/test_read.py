from __future__ import annotations

import pytest

from schemas.errors import Invalid
from signing.read import attached_files


def test_approved_pdf_has_no_attachments(approved):
    assert attached_files(approved) == {}


@pytest.mark.parametrize("junk", [b"", b"junk", b"%PDF-1.7\n", b"%PDF-1.7\nstartxref\n0\n%%EOF"])
def test_junk_is_invalid_and_never_a_crash(junk):
    with pytest.raises(Invalid):
        attached_files(junk)
