"""What a signatory sees who has a link and no account: reads, signs, and keeps a receipt."""

from __future__ import annotations

from datetime import timedelta

import pytest

from archive.openings import Openings
from archive.sign_links import hash_of_link
from examples.render import example_files
from flows import commands
from flows.act import data_of
from flows.collect import collect
from flows.conclude import conclude
from flows.publish import publish
from portal.language import language_for
from portal.sign_summary import OF_TYPE, summary_of
from schemas.documents import document_types
from schemas.evidence import digest_of
from schemas.loader import load_document
from schemas.policy import SignaturePolicy
from schemas.records import ClickRecord
from schemas.signature import SigningWay
from tests.installation import FIRST, MANAGER, PASSPHRASE, SECOND, certificate, sign
from tests.portal.kit import text_of
from tests.signing_ways import code_in, link_in, mails, record_of, wait_for_signatures


class Signing:
    """Somebody with the newest link of a kind of mail, and no account."""

    def __init__(self, portal, part: str = "-sign-") -> None:
        self.portal = portal
        self.house = portal.house
        self.visitor = portal.as_("nobody")
        self.link = link_in(mails(self.house, part)[-1])

    @property
    def root(self) -> str:
        return f"/sign/{self.link}"

    @property
    def signed(self) -> tuple[str, ...]:
        return self.house.ledger.state(self.portal.agreement).signed

    def get(self, step: str = ""):
        return self.visitor.get(self.root + step)

    def post(self, step: str, fields=None, *, shown_on: str | None = None, **options):
        return self.visitor.post(
            self.root + step, fields, shown_on=self.root + (step if shown_on is None else shown_on), **options
        )

    def read(self):
        pdf = self.house.ledger.state(self.portal.agreement).pdf
        return self.post("/pages", {"pdf": pdf})

    def code(self) -> str:
        self.post("/code")
        return code_in(mails(self.house, "-code-")[-1])

    def click(self, code: str):
        return self.post("/click", {"code": code}, shown_on="/code")


@pytest.fixture
def signing(portal_at) -> Signing:
    return Signing(portal_at("signing"))


def test_the_way_from_the_mail_to_the_receipt(signing):
    page = text_of(signing.get().text)
    assert "Step 1 of 4" in page
    assert "asks you" in page
    assert "Its term ended on 31 August 2022." in page
    partnership = "It acts for the partnership Green Small Smart Cities (GSSC)."
    document = data_of(signing.house, signing.house.ledger.state(signing.portal.agreement).data)
    acting = next(party for party in document.parties if party.acts_for)
    members = ", ".join(member.name.value for member in acting.acts_for.members)
    assert f"{partnership} Its members: {members}." in page
    answer = signing.read()
    assert answer.headers["location"] == f"{signing.root}/how"
    assert "simple electronic signature (SES; Regulation (EU) No 910/2014, Article 3(10))" in text_of(
        signing.get("/how").text
    )
    assert "Mail me a code" in signing.get("/code").text
    code = signing.code()
    shown = text_of(signing.get("/code").text)
    assert "Attempts left with this link: 5." in shown
    answer = signing.click(f"{code[:3]} {code[3:]}")
    assert answer.headers["location"] == f"{signing.root}/receipt"
    receipt = text_of(signing.get("/receipt").text)
    record = record_of(signing.house, signing.portal.agreement)
    assert isinstance(record, ClickRecord)
    assert record.channel == "portal"
    assert record.shown in shown
    assert record.shown in receipt
    opening = Openings(signing.house.engine).get(record.network)
    assert opening is not None
    assert opening.content == '{"network":"testclient"}'
    state = signing.house.ledger.state(signing.portal.agreement)
    assert state.pdf[:12] in receipt
    assert "These people still have to sign" in receipt
    assert f"Party {acting.legal_name.value} {partnership}" in receipt


def test_after_everybody_signed_the_same_link_hands_out_the_sealed_copy_and_the_dossier(signing):
    house, agreement = signing.house, signing.portal.agreement
    signing.click(signing.code())
    assert signing.visitor.post(f"{signing.root}/dossier", shown_on="/languages").status_code == 404
    collect(house, agreement, 1)
    sign(house, agreement, SECOND)
    assert "seals the document, which takes a moment" in text_of(signing.get("/receipt").text)
    collect(house, agreement, 2)
    conclude(house, agreement, 2)
    assert "Download the sealed copy" in signing.get("/receipt").text
    publish(house, agreement, 2)
    sealed = signing.get("/document.pdf")
    state = house.ledger.state(agreement)
    assert digest_of(sealed.content) == state.receipt.sha256
    assert sealed.headers["content-disposition"] == f'attachment; filename="{agreement}-{state.pdf[:12]}.pdf"'
    dossier = signing.post("/dossier", shown_on="/receipt")
    assert dossier.headers["content-type"] == "application/zip"
    assert dossier.content.startswith(b"PK")


def test_a_link_finds_its_place_again_after_signing(signing):
    signing.click(signing.code())
    for step in ("", "/how", "/code", "/certificate", "/upload", "/decline", "/delegate"):
        assert signing.get(step).headers["location"] == f"{signing.root}/receipt", step


def test_a_double_click_signs_once(signing):
    code = signing.code()
    token = signing.visitor.__dict__["csrf"]
    size = signing.house.ledger.size
    answers = [
        signing.visitor.client.post(f"{signing.root}/click", data={"csrf": token, "code": code}) for _ in range(2)
    ]
    assert [answer.headers["location"] for answer in answers] == [f"{signing.root}/receipt"] * 2
    assert signing.house.ledger.size == size + 1


def test_wrong_codes_cost_attempts_and_the_last_one_offers_another_link(signing):
    wrong = f"{(int(signing.code()) + 1) % 10**6:06d}"
    answer = signing.click(wrong)
    assert answer.status_code == 409
    assert "the code is not the one that was sent" in text_of(answer.text)
    assert "Attempts left with this link: 4." in text_of(answer.text)
    answer = signing.post("/code")
    assert "Attempts left with this link: 3." in text_of(signing.get("/code").text)
    for _ in range(3):
        answer = signing.click("000000" if wrong == "000001" else wrong)
    assert "No attempt is left with this link" in text_of(answer.text)
    answer = signing.post("/again", shown_on="/code")
    assert answer.status_code == 303
    newer = Signing(signing.portal, "-link-")
    assert signing.get().status_code == 410
    newer.click(newer.code())
    assert newer.signed == ("for-gssc",)


def test_what_is_no_code_is_said_beside_it_and_commands_are_not_spoken_of(signing):
    signing.code()
    answer = signing.click("12")
    assert answer.status_code == 422
    assert "that is no code" in text_of(answer.text)
    assert "convenio code" not in answer.text


def test_links_that_lead_nowhere_say_so_and_are_counted(signing):
    from portal.ceremony import STRANGE_LINKS

    visitor = signing.visitor
    for link in ("0" * 64, "short", "A" * 64):
        answer = visitor.get(f"/sign/{link}")
        assert answer.status_code == 404
        assert "This link leads nowhere" in answer.text
        assert "/again" not in answer.text
    for _ in range(STRANGE_LINKS):
        answer = visitor.get("/sign/" + "1" * 64)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert signing.get().status_code == 200


def test_an_expired_link_mails_another_to_the_same_address_without_saying_whose(signing):
    signing.portal.clock.now += timedelta(days=signing.house.settings.link_days)
    answer = signing.get()
    assert answer.status_code == 410
    assert "This link has expired" in answer.text
    assert FIRST not in answer.text
    for step in ("/pages", "/document.pdf", "/code", "/receipt"):
        assert signing.get(step).status_code == 410, step
    answer = signing.post("/again", shown_on="")
    assert answer.status_code == 303
    assert signing.get().status_code == 410
    newer = Signing(signing.portal, "-link-")
    assert newer.get().status_code == 200


def test_a_link_shows_no_draft_that_reviewers_saw(signing):
    state = signing.house.ledger.state(signing.portal.agreement)
    assert signing.get(f"/pages/{state.pdf}/1.png").status_code == 200
    for which in (state.content.pdf, "1", "2"):
        assert signing.get(f"/pages/{which}/1.png").status_code == 404


def test_other_links_are_asked_for_a_few_times_only(signing):
    assert signing.post("/again", shown_on="/code").status_code == 303
    for _ in range(4):
        assert signing.post("/again", shown_on="").status_code == 303
    assert signing.post("/again", shown_on="").status_code == 429


def test_an_old_link_that_was_replaced_mails_nothing_and_leaves_the_newest_good(signing):
    told = [signing.post("/again", shown_on="/code").headers["set-cookie"]]
    newer = Signing(signing.portal, "-link-")
    told += [signing.post("/again", shown_on="").headers["set-cookie"]]
    assert len(mails(signing.house, "-link-")) == 1
    assert len(set(told)) == 1
    assert signing.get().status_code == 410
    newer.click(newer.code())
    assert newer.signed == ("for-gssc",)


def test_a_link_of_somebody_who_lost_the_newer_one_works_again_once_that_has_expired(signing):
    signing.post("/again", shown_on="/code")
    assert "When it has expired, the page it leads to mails you another" in mails(signing.house, "-link-")[0]
    signing.portal.clock.now += timedelta(days=signing.house.settings.link_days, seconds=1)
    signing.post("/again", shown_on="")
    assert len(mails(signing.house, "-link-")) == 2


def test_an_old_link_takes_no_other_link_of_the_person_with_it(signing):
    first, second = signing.link, commands.new_link(signing.house, signing.portal.agreement, by=FIRST)
    kept = signing.house.sign_links.find(second)
    third = "c" * 64
    signing.house.sign_links.issue(kept.model_copy(update={"link_hash": hash_of_link(third)}))
    commands.mail_again(signing.house, second)
    replaced = [signing.house.sign_links.find(link).replaced for link in (first, second, third)]
    assert replaced == [True, True, False]


def test_asking_with_a_link_that_nobody_has_answers_the_same_and_mails_nothing(signing):
    before = len(list(signing.house.mail.folder.glob("*.eml")))
    answer = signing.visitor.post("/sign/" + "0" * 64 + "/again")
    assert answer.status_code == 303
    assert len(list(signing.house.mail.folder.glob("*.eml"))) == before


def test_the_link_of_an_earlier_draft_shows_nothing_of_it(signing):
    house, agreement = signing.house, signing.portal.agreement
    document = data_of(house, house.ledger.state(agreement).data)
    commands.revise(house, agreement, document.model_copy(update={"notice_days": 60}), draft=2, by=MANAGER)
    answer = signing.get("/pages")
    assert answer.status_code == 410
    assert "a new draft is being made" in answer.text


def test_a_declined_agreement_ends_with_the_reason_and_the_link_says_so(signing):
    page = text_of(signing.get("/decline").text)
    assert "nobody can sign it any more" in page
    answer = signing.post("/decline")
    assert answer.status_code == 422
    assert "Say why, in a few words" in answer.text
    answer = signing.post("/decline", {"reason": "The term\r\nis too long"})
    assert answer.status_code == 303
    answer = signing.get()
    assert answer.status_code == 410
    assert "Somebody declined to sign on" in answer.text
    assert signing.house.ledger.state(signing.portal.agreement).stage == "ended"


def test_what_changed_since_the_pages_were_gone_through_is_said(portal_at):
    portal = portal_at("second invited")
    house, agreement = portal.house, portal.agreement
    signing = Signing(portal)
    assert "Since you last went through" not in signing.get().text
    first = next(one.entry.event.pdf for one in house.ledger.entries(agreement) if one.entry.event.type == "prepared")
    kept = house.sign_links.find(signing.link)
    house.sign_links.note_shown(agreement, kept.signatory, kept.person, first)
    page = text_of(signing.get().text)
    assert "Since you last went through the pages:" in page
    assert "signed on" in page
    assert "The words of the document are the same." in page
    signing.read()
    assert "Since you last went through" not in signing.get().text


def test_pages_that_changed_while_they_were_read_are_shown_anew(signing):
    answer = signing.post("/pages", {"pdf": "0" * 64})
    assert answer.status_code == 409
    assert "The file changed while you were reading" in answer.text
    kept = signing.house.sign_links.find(signing.link)
    assert kept.shown is None


def test_pages_are_images_with_their_text(signing):
    assert "Memorandum of Understanding" in signing.get("/pages").text
    pdf = signing.house.ledger.state(signing.portal.agreement).pdf
    image = signing.get(f"/pages/{pdf}/1.png")
    assert image.content.startswith(b"\x89PNG")
    assert "private" in image.headers["cache-control"]
    assert signing.get(f"/pages/{pdf}/99.png").status_code == 404
    assert signing.get(f"/pages/{'0' * 64}/1.png").status_code == 404


def test_an_own_certificate_signs_and_is_kept_nowhere(signing):
    house = signing.house
    p12 = certificate(house, FIRST)
    files = {"file": ("my key.p12", p12)}
    answer = signing.post("/certificate", {"passphrase": "wrong"}, files=files)
    assert answer.status_code == 422
    assert signing.signed == ()
    answer = signing.post("/certificate", {"passphrase": PASSPHRASE.decode()}, files=files)
    assert answer.headers["location"] == f"{signing.root}/receipt"
    receipt = text_of(signing.get("/receipt").text)
    assert "with a certificate in a file" in receipt
    kept = [path.read_bytes() for path in house.home.rglob("*") if path.is_file()]
    assert not any(p12 in content or PASSPHRASE in content for content in kept)


def test_no_file_is_said_beside_the_field(signing):
    for step, words in (("/certificate", "Choose the file with your certificate"), ("/upload", "Choose the file that")):
        answer = signing.post(step)
        assert answer.status_code == 422
        assert words in answer.text
        assert 'href="#file"' in answer.text


def test_a_file_signed_elsewhere_is_taken_and_another_is_refused_in_words(signing):
    from tests.flows.test_uploads import signed_elsewhere

    house = signing.house
    handed_out = signing.get("/document.pdf").content
    answer = signing.post("/upload", files={"file": ("x.pdf", b"%PDF-1.7 nothing")})
    assert answer.status_code in {409, 422}
    assert signing.signed == ()
    content = signed_elsewhere(house, handed_out, "for-gssc", FIRST)
    answer = signing.post("/upload", files={"file": ("signed.pdf", content)})
    assert answer.headers["location"] == f"{signing.root}/receipt"


def test_only_the_ways_the_policy_accepts_are_offered(portal_at):
    portal = portal_at("approved")
    wait_for_signatures(portal.house, portal.agreement, SignaturePolicy(ways=(SigningWay.PKCS12, SigningWay.PAPER)))
    signing = Signing(portal)
    page = text_of(signing.get("/how").text)
    assert "With your own certificate" in page
    assert "On paper" in page
    assert "With a code by mail" not in page
    assert "With software of your own" not in page
    assert signing.get("/code").headers["location"] == f"{signing.root}/how"
    assert signing.get("/upload").headers["location"] == f"{signing.root}/how"


def test_the_link_is_in_no_title_and_no_page_of_the_link_leads_elsewhere(signing):
    for step in ("", "/pages", "/how", "/code", "/certificate", "/upload", "/decline", "/delegate"):
        answer = signing.get(step)
        assert answer.status_code == 200, step
        title = answer.text.partition("<title>")[2].partition("</title>")[0]
        assert signing.link not in title
        assert "http://" not in answer.text
        assert "https://" not in answer.text
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


def test_somebody_with_an_account_signs_by_session_and_the_code_comes_with_a_link(signing):
    portal = signing.portal
    visitor = portal.as_("signatory")
    assert f"/sign/{portal.agreement}" in visitor.get("/to-sign").text
    root = f"/sign/{portal.agreement}"
    assert "asks you" in visitor.get(root).text
    answer = visitor.post(f"{root}/code", shown_on=f"{root}/code")
    link = link_in(mails(portal.house, "-link-")[-1])
    assert answer.headers["location"] == f"/sign/{link}/code"
    code = code_in(mails(portal.house, "-code-")[-1])
    visitor.post(f"/sign/{link}/click", {"code": code}, shown_on=f"/sign/{link}/code")
    assert signing.signed == ("for-gssc",)
    assert "You have signed" in visitor.get(f"{root}/receipt").text
    assert "Nothing waits for your signature" in visitor.get("/to-sign").text


@pytest.mark.parametrize("role", ["manager", "reviewer", "auditor", "administrator"])
def test_a_session_of_who_does_not_sign_leads_to_no_ceremony(signing, role):
    assert signing.portal.as_(role).get(f"/sign/{signing.portal.agreement}").status_code == 404


def test_an_id_without_a_session_asks_to_sign_in(signing):
    answer = signing.visitor.get(f"/sign/{signing.portal.agreement}/pages")
    assert answer.headers["location"].startswith("/sign-in?next=")


def test_links_are_kept_as_hashes(signing):
    kept = b"".join(path.read_bytes() for path in signing.house.home.glob("convenio.sqlite*"))
    assert signing.link.encode() not in kept
    assert hash_of_link(signing.link).encode() in kept


@pytest.mark.parametrize("path", example_files(), ids=lambda path: path.stem)
def test_every_example_is_summed_up_without_anything_missing(path):
    document = load_document(path)
    for tongue in ("en", "de"):
        lines = summary_of(document, language_for(tongue, ""), document.language)
        assert all(line.label and all(line.texts) for line in lines)
        assert "None" not in " ".join(text for line in lines for text in line.texts)
        assert len(lines) >= 4


def test_every_type_of_document_is_summed_up():
    assert set(OF_TYPE) == set(document_types())
