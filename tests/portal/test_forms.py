"""What somebody may post who is no browser: refused in words, never with a broken page or a full memory."""

from __future__ import annotations

import pytest

from portal.form_of import sections_of
from portal.form_post import MOST_ROWS, MOST_ROWS_OF_A_PAGE, content_from, grown, without_row
from schemas.documents import model_of
from schemas.fields import document_part
from tests.portal.kit import text_of, token_in

BOUNDARY = "between"


def multipart(**fields: bytes) -> bytes:
    parts = (
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (BOUNDARY.encode(), name.encode(), value)
        for name, value in fields.items()
    )
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


@pytest.mark.parametrize("charset", ["punycode", "unicode_escape", "utf-7", "utf-16", "hex"])
def test_a_form_in_an_encoding_no_page_has_is_refused(portal_at, charset):
    nobody = portal_at("requested").as_("nobody")
    token = token_in(nobody.get("/sign-in").text)
    body = multipart(csrf=token.encode(), email=rb"\ud800 +2AA- \xff", password=b"\xff\xfe9")
    kind = f"multipart/form-data; boundary={BOUNDARY}; charset={charset}"
    answer = nobody.client.post("/sign-in", content=body, headers={"content-type": kind})
    assert answer.status_code == 422
    assert f"the form cannot be read What there was {charset}" in text_of(answer.text)


@pytest.mark.parametrize("charset", ["UTF-8", "utf-8"])
def test_bytes_that_are_no_text_are_only_a_wrong_address(portal_at, quick_hashes, charset):
    nobody = portal_at("requested").as_("nobody")
    token = token_in(nobody.get("/sign-in").text)
    body = multipart(csrf=token.encode(), email=b"\xed\xa0\x80\xff", password=b"\xff")
    kind = f"multipart/form-data; boundary={BOUNDARY}; charset={charset}"
    answer = nobody.client.post("/sign-in", content=body, headers={"content-type": kind})
    assert answer.status_code == 403
    assert "the address or the password is wrong" in text_of(answer.text)


@pytest.mark.parametrize("origin", ["http://[", "null", "//", "http://testserver.example", ""])
def test_an_origin_that_is_not_ours_is_refused_whatever_it_is(portal_at, origin):
    visitor = portal_at("requested").as_("manager")
    answer = visitor.post("/sign-out", headers={"origin": origin})
    assert answer.status_code == 403
    assert "another site sent this form" in text_of(answer.text)


@pytest.mark.parametrize(
    "following", ["http://[", "//[", "//elsewhere.example", "/\\elsewhere.example", "/\telsewhere"]
)
def test_nobody_is_led_elsewhere_after_signing_in(portal_at, following):
    visitor = portal_at("requested").as_("manager")
    assert visitor.get("/sign-in", params={"next": following}).headers["location"] == "/"


@pytest.mark.parametrize(
    "path",
    [
        "", "[0]", "parties[x]", "parties[²]", "parties[-1].acts_for.members", "parties[999999999].acts_for.members",
        "parties[999].acts_for.members", "parties..x", "no_field", "title", "parties[0].country",
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_neither_added_nor_removed(path):
    whole = document_part(model_of("mou"))
    content = {"title": "A title", "parties": [{"short_name": "One"}]}
    assert grown(whole, content, path) == content
    assert without_row(content, path) == content


def test_a_page_has_no_more_rows_than_it_could_post():
    [parties] = [part for section in sections_of("mou") for part in section.parts if part.name == "parties"]
    many = [str(MOST_ROWS)]
    posted = {"parties#": many} | {f"parties[{one}].acts_for.members#": many for one in range(MOST_ROWS)}
    rows = content_from(parties, "parties", posted, None, pruned=False)
    members = [row.get("acts_for", {}).get("members") or [] for row in rows]
    assert len(rows) + sum(map(len, members)) <= MOST_ROWS_OF_A_PAGE
