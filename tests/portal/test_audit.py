from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from archive.checkpoint import open_checkpoint
from archive.tlog_proof import verify_proof
from flows import examinations
from flows.act import data_of
from flows.commands import withdraw
from flows.dossiers import dossier_of
from flows.examined import Examined, examined, forget_examined, keep_examined
from flows.verification import verify
from schemas.evidence import SignatureKind, Verdict, digest_of
from tests.installation import MANAGER
from tests.portal.kit import text_of


@pytest.fixture
def portal(portal_at):
    return portal_at("archived")


@pytest.fixture
def auditor(portal):
    return portal.as_("auditor")


def day_of(portal, days=0):
    return (portal.house.ledger.state(portal.agreement).since + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=GSSC", True),
        ("search=nothing+like+this", False),
        ("type=mou&stage=archived", True),
        ("stage=ended", False),
        ("party=chamber", True),
        ("party=bakery", False),
        ("person=manager", True),
        ("person=signatory.chamber", True),
        ("person=reviewer", False),
        ("level=B-LTA", True),
        ("level=B-T", False),
        ("way=pkcs12", True),
        ("way=click", False),
        ("year=1999", False),
    ],
)
def test_agreements_are_found_by_what_is_known_of_them(portal, auditor, query, found):
    page = auditor.get(f"/audit?{query}")
    assert page.status_code == 200
    assert (f'href="/audit/{portal.agreement}"' in page.text) is found


def test_agreements_are_found_by_digest_year_and_days_in_the_archive(portal, auditor):
    state = portal.house.ledger.state(portal.agreement)
    link, year = f'href="/audit/{portal.agreement}"', portal.agreement.split("-")[1]
    assert link in auditor.get(f"/audit?digest={state.pdf[:10]}&year={year}").text
    assert link in auditor.get(f"/audit?from={day_of(portal)}&to={day_of(portal)}").text
    assert link not in auditor.get(f"/audit?from={day_of(portal, 1)}").text
    assert link not in auditor.get(f"/audit?to={day_of(portal, -1)}").text


def test_fields_that_mean_nothing_are_named_and_kept(auditor):
    page = auditor.get("/audit?year=20x6&digest=abc&from=soon&to=never")
    assert page.status_code == 422
    for name in ("year", "digest", "from", "to"):
        assert f'<a href="#{name}">' in page.text
    assert 'value="20x6"' in page.text


@pytest.mark.parametrize("role", ["manager", "reviewer", "signatory", "administrator"])
def test_nobody_else_audits(portal, role):
    visitor = portal.as_(role)
    for path in ("/audit", "/audit/ledger", f"/audit/{portal.agreement}", f"/documents/{portal.agreement}/dossier"):
        assert visitor.get(path).status_code == 403
    assert visitor.post(f"/audit/{portal.agreement}/verify", shown_on="/").status_code == 403


def test_an_unknown_agreement_is_not_found(auditor):
    for path in ("/audit/MOU-1999-0001", "/audit/MOU-1999-0001/bound", "/documents/MOU-1999-0001/dossier"):
        assert auditor.get(path).status_code == 404


def test_the_timeline_says_who_in_which_role_how_when_and_on_what(portal, auditor):
    said = text_of(auditor.get(f"/audit/{portal.agreement}").text)
    state = portal.house.ledger.state(portal.agreement)
    assert "Manager (Manager) requested the document: Memorandum of understanding" in said
    assert "own certificate in a file" in said
    assert re.search(r"\d\d:\d\d:\d\d UTC Reviewer \(Reviewer\) approved draft 2 for Legal", said)
    assert state.pdf[:12] in said


def test_an_auditor_has_the_dossier_verified_now_and_sees_when(portal, auditor):
    path = f"/audit/{portal.agreement}"
    assert "All 2 signatures" not in auditor.get(path).text
    assert auditor.post(f"{path}/verify", shown_on=path).headers["location"] == f"{path}#verification"
    said = text_of(auditor.get(path).text)
    assert "All 2 signatures are valid." in said
    found = examined(portal.house, portal.agreement)
    assert f"{found.verified.at:%Y-%m-%d %H:%M:%S} UTC" in said
    assert found.verified.sha256[:12] in said
    assert "More has happened since" not in said
    forget_examined(portal.house, portal.agreement)
    assert "All 2 signatures" not in auditor.get(path).text


def test_the_table_of_signatures_names_who_signed_and_for_which_party(portal, auditor):
    house, path = portal.house, f"/audit/{portal.agreement}"
    found = verify(dossier_of(house, portal.agreement), house.verification_keys(), pinned=True, now=house.clock())
    marks = tuple(
        mark.model_copy(update={"kind": SignatureKind.SEAL} if mark.field.startswith("signatory:") else {})
        for mark in found.marks.signatures
    )
    found = found.model_copy(update={"marks": found.marks.model_copy(update={"signatures": marks})})
    now = house.clock()
    keep_examined(house, portal.agreement, Examined(begun_at=now, ended_at=now, verified=found))
    said = text_of(auditor.get(path).text)
    document = data_of(house, house.ledger.state(portal.agreement).data)
    parties = {party.id: party.short_name for party in document.parties}
    for one in document.signatories:
        sealed = f"under the seal of {house.settings.organisation}"
        assert f"{one.name}, for {parties[one.party]} {sealed}" in said


def in_this_process(content, keys, *, pinned, now):
    """Real verification without another process: that one is for foreign files, and tested with them."""
    return verify(content, keys, pinned=pinned, now=now)


def test_what_takes_long_goes_on_and_its_page_finds_it_again(portal, auditor, monkeypatch):
    from threading import Event

    path, go_on = f"/audit/{portal.agreement}", Event()

    def slowly(content, keys, **options):
        assert go_on.wait(60)
        return in_this_process(content, keys, **options)

    monkeypatch.setattr(examinations, "verify_apart", slowly)
    examinations.examine_agreement(portal.house, portal.agreement, patience=0)
    thread = examinations._under_way[(portal.house.home, portal.agreement)]
    assert "Being examined now." in auditor.get(path).text
    examinations.examine_agreement(portal.house, portal.agreement, patience=0)
    assert examinations._under_way[(portal.house.home, portal.agreement)] is thread
    go_on.set()
    thread.join()
    assert "Being examined now." not in auditor.get(path).text
    assert examined(portal.house, portal.agreement).verified.report.verdict is Verdict.VALID


def test_an_examination_that_broke_off_says_so(portal, auditor, monkeypatch):
    monkeypatch.setattr(examinations, "verify_apart", lambda *_, **__: 1 / 0)
    examinations.examine_agreement(portal.house, portal.agreement)
    assert "The last examination broke off: it broke off" in text_of(auditor.get(f"/audit/{portal.agreement}").text)


def test_what_is_not_archived_has_a_timeline_and_nothing_to_verify(portal_at):
    portal = portal_at("in review")
    auditor, path = portal.as_("auditor"), f"/audit/{portal.agreement}"
    assert "There is nothing to verify" in auditor.get(path).text
    assert auditor.post(f"{path}/verify", shown_on="/").status_code == 409
    assert "the agreement is not archived" in text_of(auditor.get(f"{path}/bound?on={day_of(portal)}").text)
    answer = auditor.post(f"/documents/{portal.agreement}/dossier", shown_on=f"/documents/{portal.agreement}/dossier")
    assert answer.status_code == 409
    withdraw(portal.house, portal.agreement, by=MANAGER, reason="a reason of its own")
    assert "a reason of its own" in auditor.get(path).text


def test_who_was_bound_on_a_day_is_said_in_words(portal):
    path = f"/audit/{portal.agreement}/bound"
    portal.clock.now += timedelta(days=3)
    auditor = portal.as_("auditor")
    said = text_of(auditor.get(f"{path}?on={day_of(portal, 1)}").text)
    assert "Everybody who has to sign had signed." in said
    said = text_of(auditor.get(f"{path}?on={day_of(portal, -1)}").text)
    assert "is not said to have bound its parties" in said
    assert "not by then" in said


def test_without_a_day_one_is_asked_for_and_nothing_is_refused(portal, auditor):
    answer = auditor.get(f"/audit/{portal.agreement}/bound")
    assert answer.status_code == 200
    assert "There is a problem" not in text_of(answer.text)


@pytest.mark.parametrize(
    ("on", "status"), [("", 422), ("soon", 422), ("2999-01-01", 409)], ids=["none", "no day", "future"]
)
def test_a_day_that_nobody_can_answer_for_is_refused_on_its_form(portal, auditor, on, status):
    assert auditor.get(f"/audit/{portal.agreement}/bound?on={on}").status_code == status
    path = f"/documents/{portal.agreement}/dossier"
    if on:
        answer = auditor.post(path, {"on": on}, shown_on=path)
        assert (answer.status_code, f'value="{on}"' in answer.text) == (status, True)


def test_every_file_is_the_one_the_ledger_names(portal, auditor):
    page = auditor.get(f"/audit/{portal.agreement}").text
    digests = re.findall(rf'/documents/{portal.agreement}/evidence/([0-9a-f]{{64}})" download>', page)
    assert len(digests) == 18
    names = set()
    for digest in digests:
        answer = auditor.get(f"/documents/{portal.agreement}/evidence/{digest}")
        assert digest_of(answer.content) == digest
        names.add(re.fullmatch(r'attachment; filename="([A-Za-z0-9._-]+)"', answer.headers["content-disposition"])[1])
    assert {f"{portal.agreement}-agreement.pdf", f"{portal.agreement}-etsi-seal-opening.xml"} <= names
    assert auditor.get(f"/documents/{portal.agreement}/evidence/{'0' * 64}").status_code == 404


def test_the_dossier_of_a_day_is_made_when_it_is_asked_for(portal):
    portal.clock.now += timedelta(days=3)
    auditor = portal.as_("auditor")
    path = f"/documents/{portal.agreement}/dossier"
    answer = auditor.post(path, {"on": day_of(portal, 1)}, shown_on=path)
    assert answer.headers["content-type"] == "application/zip"
    assert f'{portal.agreement}-dossier-on-{day_of(portal, 1)}.zip"' in answer.headers["content-disposition"]
    found = verify(answer.content, portal.house.verification_keys(), pinned=True, now=portal.house.clock())
    assert found.report.verdict is Verdict.VALID
    assert "bound" in {finding.part for finding in found.report.findings}


def published(portal) -> None:
    from flows.checkpoints import published as publish

    publish(portal.house)


def test_an_entry_is_proved_to_stand_in_the_ledger(portal, auditor):
    published(portal)
    assert "✓ Entry 3 stands in the ledger of" in text_of(auditor.get("/audit/ledger?leaf=3").text)
    leaf = auditor.get("/audit/ledger/leaves/3.json").content
    proof = auditor.get("/audit/ledger/leaves/3.tlog-proof").content
    assert verify_proof(proof, leaf=leaf, verifier_key=portal.house.verifier_key).leaf_index == 3
    checkpoint = open_checkpoint(auditor.get("/audit/ledger/checkpoint").text, portal.house.verifier_key)
    assert checkpoint.root[:60] in auditor.get("/audit/ledger").text
    assert auditor.get("/audit/ledger/checkpoint.tsr").status_code == 200


def test_the_ledger_is_proved_to_have_only_grown(portal, auditor):
    published(portal)
    size = portal.house.ledger.size
    said = text_of(auditor.get(f"/audit/ledger?from=5&to={size}").text)
    assert f"✓ The ledger of {size} entries begins with the one of 5, unchanged." in said


@pytest.mark.parametrize("query", ["leaf=x", "leaf=99999", "from=3", "from=9&to=4", "from=0&to=3", "from=3&to=99999"])
def test_proofs_of_what_is_not_there_are_refused_on_the_form(portal, auditor, query):
    published(portal)
    page = auditor.get(f"/audit/ledger?{query}")
    assert page.status_code == 422
    assert "There is a problem" in page.text


def test_leaves_that_are_not_published_are_not_found(portal_at):
    portal = portal_at("requested")
    auditor = portal.as_("auditor")
    assert "Nothing is published yet." in auditor.get("/audit/ledger").text
    for path in ("leaves/0.json", "leaves/0.tlog-proof", "checkpoint", "checkpoint.tsr"):
        assert auditor.get(f"/audit/ledger/{path}").status_code == 404


def test_everything_is_checked_when_an_auditor_asks(portal, auditor):
    published(portal)
    answer = auditor.post("/audit/ledger/check", shown_on="/audit/ledger")
    assert answer.headers["location"] == "/audit/ledger#check"
    assert "Everything in the ledger holds." in auditor.get("/audit/ledger").text


def test_an_altered_register_is_named_with_what_to_do(portal, auditor):
    from sqlalchemy import text

    from archive.database import writing

    published(portal)
    with writing(portal.house.engine) as connection:
        connection.execute(text("UPDATE agreements SET level = 'B-T'"))
    auditor.post("/audit/ledger/check", shown_on="/audit/ledger")
    said = text_of(auditor.get("/audit/ledger").text)
    assert "The ledger, the log or the store was altered." in said
    assert "Register differs: level not as the entries say" in said
    assert "What to do: Change nothing." in said
    assert "Do not rely on this file" not in said


def test_an_altered_log_is_named_without_saying_where_this_machine_has_it(portal, auditor):
    published(portal)
    log = Path(portal.house.log_store.name)
    tile = next(path for path in sorted((log / "tile" / "0").rglob("*")) if path.is_file())
    content = tile.read_bytes()
    tile.chmod(0o600)
    tile.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    auditor.post("/audit/ledger/check", shown_on="/audit/ledger")
    said = text_of(auditor.get("/audit/ledger").text)
    assert f"{tile.relative_to(log)} in the published log" in said
    assert str(portal.house.home) not in said


def test_the_last_day_there_is_has_not_ended(portal, auditor):
    answer = auditor.get(f"/audit/{portal.agreement}/bound?on=9999-12-31")
    assert answer.status_code == 409
    assert "not known yet" in text_of(answer.text)
