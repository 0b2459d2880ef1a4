"""Delegation: named with evidence, confirmed by a lawyer, asked, and signing with a certificate of their own."""

from __future__ import annotations

import io
import subprocess
from email import message_from_bytes
from email.policy import default

import pytest
from PIL import Image

from archive.database import writing
from archive.layout import data_key, working_key
from archive.personal import erase_person
from archive.transaction import Transaction
from flows import commands
from flows.act import data_of
from flows.collect import collect
from flows.conclude import conclude
from flows.delegation import evidence_of
from flows.erasable_mail import mails_about
from flows.naming import naming_of
from flows.notify import notify
from flows.publish import publish
from flows.timeline import happened
from schemas.documents import data_bytes
from schemas.errors import FourEyes, InputError, NotAuthorised, Refused, RefusedTransition, StaleBase
from schemas.evidence import digest_of
from schemas.people import Role
from schemas.state import Stage
from tests.flows.test_round import mails
from tests.installation import FIRST, MANAGER, PASSPHRASE, REVIEWER, SECOND, certificate, sign
from tests.signing_ways import code_in, everything_public, link_in, mails as texts

pytestmark = pytest.mark.office

DELEGATE, NAME = "delegate@example.org", "Delegate of the partnership"
REASON = "The president is abroad; power of attorney attached."


def picture(kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.new("L", (40, 30), 255).save(content, kind)
    return content.getvalue()


def delegate(house, agreement, **changes):
    given = {"by": FIRST, "to": DELEGATE, "name": NAME, "authority": picture(), "reason": REASON}
    return commands.delegate(house, agreement, **{**given, **changes})


def confirm(house, agreement, by=REVIEWER, signatory="for-gssc"):
    return commands.confirm_delegation(house, agreement, signatory=signatory, by=by)


def test_a_delegate_signs_in_the_signatorys_field_and_the_document_is_archived(at, agreement):
    house = at("signing")
    assert delegate(house, agreement).changed
    assert not delegate(house, agreement).changed
    assert confirm(house, agreement).changed
    assert not confirm(house, agreement).changed
    assert collect(house, agreement, 0).acted
    assert mails(house, "-sign-2-for-gssc-by-") == {
        f"{agreement}-sign-2-for-gssc-by-{house.people.get(DELEGATE).handle}": DELEGATE
    }
    p12 = certificate(house, DELEGATE, NAME)
    with pytest.raises(NotAuthorised, match="a delegate signs for for-gssc"):
        commands.sign(house, agreement, by=FIRST, p12=certificate(house, FIRST), passphrase=PASSPHRASE)
    with pytest.raises(Refused, match="somebody else's"):
        commands.sign(house, agreement, by=DELEGATE, p12=certificate(house, FIRST), passphrase=PASSPHRASE)
    commands.sign(house, agreement, by=DELEGATE, p12=p12, passphrase=PASSPHRASE)
    state = house.ledger.state(agreement)
    assert state.signed == ("for-gssc",)
    assert "for Signatory for the GSSC partnership" in _stamps(house, agreement, state.pdf)
    collect(house, agreement, 1)
    sign(house, agreement, SECOND)
    collect(house, agreement, 2)
    assert conclude(house, agreement, 2).acted
    assert publish(house, agreement, 2).acted
    assert house.ledger.state(agreement).stage is Stage.ARCHIVED
    told = {row.what: row.person for row in happened(house, agreement)}
    assert told[f"delegated for-gssc to {NAME}: {REASON}"] != NAME
    assert told[f"confirmed that {NAME} signs for for-gssc"] == "Reviewer"
    assert told["signed for-gssc (pkcs12, AdES), as delegate"] == NAME


def test_once_a_delegation_is_confirmed_no_link_of_the_signatory_works(at, agreement):
    house = at("signing")
    link = link_in(texts(house, "-sign-")[0])
    commands.mail_code(house, agreement, link=link)
    code = code_in(texts(house, "-code-")[-1])
    delegate(house, agreement)
    confirm(house, agreement)
    assert collect(house, agreement, 0).acted
    with pytest.raises(NotAuthorised, match="a delegate signs for"):
        commands.sign_by_click(house, agreement, by=FIRST, link=link, code=code)
    with pytest.raises(Refused, match="another person signs"):
        commands.sign_by_click(house, agreement, by=DELEGATE, link=link, code=code)
    with pytest.raises(Refused, match="another person signs"):
        commands.mail_code(house, agreement, link=link)
    own = link_in(texts(house, "-sign-2-for-gssc-by-")[0])
    commands.mail_code(house, agreement, link=own)
    own_code = code_in(texts(house, "-code-")[-1])
    assert commands.sign_by_click(house, agreement, by=DELEGATE, link=own, code=own_code).changed


def _stamps(house, agreement, pdf) -> str:
    """Return the text of the file with that of its signatures' visible parts, on one line."""
    content = house.store.get(working_key(agreement, pdf, "pdf"))
    said = subprocess.run(["pdftotext", "-raw", "-", "-"], input=content, capture_output=True, check=True).stdout
    return " ".join(said.decode().split())


def test_the_evidence_is_kept_as_received_and_given_out_again(at, agreement):
    house, evidence = at("signing"), picture("JPEG")
    delegate(house, agreement, authority=evidence)
    state = house.ledger.state(agreement)
    assert state.delegations[0].authority == digest_of(evidence)
    assert evidence_of(house, agreement, signatory="for-gssc") == (evidence, "jpg")
    with pytest.raises(Refused, match="for-chamber has named nobody") as refusal:
        evidence_of(house, agreement, signatory="for-chamber")
    assert refusal.value.expected == "for-gssc"


def test_the_legal_office_is_waited_for_and_asked_until_somebody_confirms(at, agreement):
    house = at("signing")
    delegate(house, agreement)
    assert house.register.show(agreement).waits_for == ("signatory:for-gssc", "office:legal")
    [asked] = [row for row in house.outbox.due() if row.stage == "notify"]
    assert notify(house, agreement, asked.version).acted
    assert set(mails(house, "-delegated-").values()) == {FIRST, REVIEWER, MANAGER, DELEGATE}
    confirm(house, agreement)
    assert house.register.show(agreement).waits_for == ("signatory:for-gssc",)


def told(house, agreement) -> dict[str, str]:
    """Run the newest notify; return what its mails say, by address."""
    *_, row = [row for row in house.outbox.due() if row.stage == "notify"]
    before = set(house.mail.folder.glob("*.eml"))
    assert notify(house, agreement, row.version).acted
    messages = [message_from_bytes(path.read_bytes(), policy=default) for path in house.mail.folder.glob("*.eml")
                if path not in before]  # fmt: skip
    assert len({message["To"] for message in messages}) == len(messages), "each is told once"
    return {message["To"]: message.get_content() for message in messages}


def test_of_a_delegation_everybody_hears_who_stands_in_for_whom_and_what_is_theirs_to_do(at, agreement):
    house = at("signing")
    principal = "Signatory for the GSSC partnership"
    delegate(house, agreement)
    given = told(house, agreement)
    assert set(given) == {FIRST, DELEGATE, MANAGER, REVIEWER}
    assert all(f"{NAME} is to sign for {principal}" in said and REASON in said for said in given.values())
    assert [to for to, said in given.items() if "convenio delegation confirm" in said] == [REVIEWER]
    assert [to for to, said in given.items() if "convenio delegation revoke" in said] == [FIRST]
    assert given[REVIEWER].index(f"/delegations/{agreement}/for-gssc") < given[REVIEWER].index("convenio delegation")
    confirm(house, agreement)
    confirmed = told(house, agreement)
    assert set(confirmed) == {FIRST, DELEGATE, MANAGER, REVIEWER}
    assert all(f"{NAME} signs for {principal}: Reviewer confirmed it" in said for said in confirmed.values())
    assert "You cannot sign yourself now" in confirmed[FIRST]
    assert "you are asked to sign by another mail" in confirmed[DELEGATE]
    revoke(house, agreement)
    assert all(f"{NAME} does not sign for {principal}" in said for said in told(house, agreement).values())
    assert DELEGATE not in everything_public(house, agreement).decode()
    assert NAME not in everything_public(house, agreement).decode()


def test_who_is_replaced_as_a_delegate_hears_of_it(at, agreement):
    house = at("signing")
    delegate(house, agreement)
    delegate(house, agreement, to="third@example.org", name="Third")
    assert "Third is to sign for" in told(house, agreement)[DELEGATE]


def test_no_message_names_a_delegate_who_was_erased(at, agreement):
    house = at("signing")
    for act in (delegate, confirm, revoke):
        act(house, agreement)
        assert NAME in told(house, agreement)[MANAGER]
    person = house.people.get(DELEGATE)
    naming = {path for path in house.mail.folder.glob("*.eml") if NAME in path.read_text(encoding="utf-8")}
    assert naming
    assert naming <= set(mails_about(house, person, ()))


def test_a_delegation_before_the_turn_comes_invites_the_delegate_only(at, agreement):
    house = at("signing")
    delegate(house, agreement, by=SECOND)
    confirm(house, agreement, signatory="for-chamber")
    assert not collect(house, agreement, 0).acted
    sign(house, agreement, FIRST)
    assert collect(house, agreement, 1).acted
    assert list(mails(house, "-for-chamber").values()) == [DELEGATE]


@pytest.mark.parametrize(
    ("changes", "refusal", "words"),
    [
        ({"authority": b"a letter"}, InputError, "the evidence of authority is of a kind that is not accepted"),
        ({"authority": picture("TIFF")}, InputError, "a TIF file(.|\n)*a PDF, PNG or JPEG file"),
        ({"authority": b""}, InputError, "the evidence of authority is empty"),
        ({"to": SECOND}, Refused, "one person signs once"),
        ({"to": FIRST}, Refused, "one person signs once"),
        ({"to": "nobody"}, InputError, "address"),
        ({"name": " "}, InputError, "a name is needed"),
        ({"reason": ""}, InputError, "a reason is needed"),
        ({"by": MANAGER}, NotAuthorised, "no signatory"),
    ],
    ids=["text", "tiff", "empty", "signatory", "oneself", "no address", "no name", "no reason", "manager"],
)
def test_a_delegation_that_may_not_be_changes_nothing(at, agreement, changes, refusal, words):
    house = at("signing")
    before = house.ledger.size
    with pytest.raises(refusal, match=words):
        delegate(house, agreement, **changes)
    assert house.ledger.size == before


def test_a_delegate_delegates_no_further_and_nobody_signs_unconfirmed(at, agreement):
    house = at("signing")
    commands.add_person(house, DELEGATE, name=NAME, roles=("signatory",))
    delegate(house, agreement)
    with pytest.raises(NotAuthorised, match="a delegate does not delegate further"):
        delegate(house, agreement, by=DELEGATE, to="third@example.org")
    with pytest.raises(NotAuthorised, match="nobody has confirmed the delegation of for-gssc"):
        commands.sign(house, agreement, by=DELEGATE, p12=certificate(house, DELEGATE, NAME), passphrase=PASSPHRASE)


def test_who_is_named_keeps_their_name_and_may_sign_once_they_are_confirmed(at, agreement):
    house = at("signing")
    known = commands.add_person(house, DELEGATE, name="Director of the chamber", roles=("manager",))
    delegate(house, agreement)
    assert house.people.get(DELEGATE) == known
    said = told(house, agreement)
    assert f"Director of the chamber (named as {NAME}) is to sign for" in said[REVIEWER]
    assert "Director of the chamber is to sign for" in said[DELEGATE]
    assert f"{NAME} is to sign for" in said[FIRST]
    assert "Director of the chamber" not in said[FIRST]
    with pytest.raises(NotAuthorised, match="is no signatory"):
        commands.sign(house, agreement, by=DELEGATE, p12=b"", passphrase=None)
    confirm(house, agreement)
    assert house.people.get(DELEGATE) == known.model_copy(update={"roles": (Role.MANAGER, Role.SIGNATORY)})


def test_who_was_not_known_here_may_do_nothing_before_they_are_confirmed(at, agreement):
    house = at("signing")
    delegate(house, agreement)
    assert (house.people.get(DELEGATE).name, house.people.get(DELEGATE).roles) == (NAME, ())
    with pytest.raises(NotAuthorised, match="roles: none"):
        delegate(house, agreement, by=DELEGATE, to="third@example.org")
    confirm(house, agreement)
    assert house.people.get(DELEGATE).roles == (Role.SIGNATORY,)


def test_a_delegate_who_was_erased_is_not_confirmed(at, agreement):
    house = at("signing")
    delegate(house, agreement)
    with writing(house.engine) as connection:
        erase_person(connection, DELEGATE)
    with pytest.raises(Refused, match="the delegate's data was erased"):
        confirm(house, agreement)
    assert not house.ledger.state(agreement).delegations[0].confirmed


def test_as_whom_a_delegate_was_named_is_forgotten_with_them(at, agreement):
    house = at("signing")
    commands.add_person(house, DELEGATE, name="Director of the chamber", roles=("manager",))
    delegate(house, agreement)
    revoke(house, agreement)
    delegate(house, agreement, name="Third")
    entries = [recorded.entry for recorded in house.ledger.entries(agreement)]
    assert naming_of(house, entries, "for-gssc").named_as == "Third"
    assert naming_of(house, entries[:-1], "for-gssc").named_as == NAME
    with writing(house.engine) as connection:
        erase_person(connection, DELEGATE)
    assert naming_of(house, entries, "for-gssc").named_as is None


def test_who_is_named_is_returned_with_the_name_they_have(at, agreement):
    house = at("signing")
    known = commands.add_person(house, DELEGATE, name="Director of the chamber", roles=("manager",))
    assert delegate(house, agreement, to=DELEGATE.title()).delegate == known


def test_nobody_is_named_by_data_that_was_changed_meanwhile(at, agreement, monkeypatch):
    house = at("signing")
    before, put = house.ledger.state(agreement), house.store.put
    document = data_of(house, before.data)
    first, *others = document.signatories
    another = first.model_copy(update={"email": "another@example.org"})
    content = data_bytes(document.model_copy(update={"signatories": (another, *others)}))
    after = before.model_copy(update={"data": digest_of(content)})

    def revised_meanwhile(key, evidence):
        # and approved and prepared: the stage is the same again
        monkeypatch.undo()
        put(data_key(after.data), content)
        monkeypatch.setattr(house.ledger, "state", lambda _: after)
        monkeypatch.setattr(Transaction, "state", lambda *_: after)
        return put(key, evidence)

    monkeypatch.setattr(house.store, "put", revised_meanwhile)
    with pytest.raises(NotAuthorised, match="only a signatory delegates"):
        delegate(house, agreement)


def test_nobody_is_named_once_the_agreement_was_withdrawn_meanwhile(at, agreement, monkeypatch):
    house = at("signing")
    put = house.store.put

    def withdrawn_meanwhile(key, content):
        monkeypatch.undo()
        commands.withdraw(house, agreement, by=MANAGER, reason="no longer wanted")
        return put(key, content)

    monkeypatch.setattr(house.store, "put", withdrawn_meanwhile)
    with pytest.raises(RefusedTransition, match="nobody delegates while nothing can be signed"):
        delegate(house, agreement)
    assert house.people.find(DELEGATE) is None


def test_who_was_named_since_the_evidence_was_shown_is_not_confirmed(at, agreement):
    house = at("signing")
    delegate(house, agreement)
    [shown] = house.ledger.state(agreement).delegations
    delegate(house, agreement, authority=picture("JPEG"))
    with pytest.raises(StaleBase, match="changed while you were looking"):
        commands.confirm_delegation(
            house, agreement, signatory="for-gssc", by=REVIEWER, seen=(shown.delegate, shown.authority)
        )
    assert not house.ledger.state(agreement).delegations[0].confirmed


def test_who_may_not_confirm_is_told_why(at, agreement):
    house = at("signing")
    with pytest.raises(Refused, match="for-gssc has named nobody"):
        confirm(house, agreement)
    delegate(house, agreement)
    with pytest.raises(FourEyes, match="an author of the draft confirms a delegation"):
        confirm(house, agreement, by=MANAGER)
    commands.add_person(house, "finance@example.org", name="Finance", roles=("reviewer",), offices=("finance",))
    with pytest.raises(NotAuthorised, match=r"the legal office confirms delegations(.|\n)*ask a reviewer of the legal"):
        confirm(house, agreement, by="finance@example.org")
    commands.add_person(house, DELEGATE, name=NAME, roles=("reviewer",))
    with pytest.raises(FourEyes, match="nor the delegate"):
        confirm(house, agreement, by=DELEGATE)


def revoke(house, agreement, by=FIRST):
    return commands.revoke_delegation(house, agreement, by=by, reason="The president is back.")


def test_who_delegated_takes_it_back_is_asked_again_and_signs(at, agreement):
    house = at("signing")
    delegate(house, agreement)
    confirm(house, agreement)
    collect(house, agreement, 0)
    [asked] = house.mail.folder.glob("*-sign-2-for-gssc-by-*.eml")
    link = link_in(message_from_bytes(asked.read_bytes(), policy=default).get_content())
    assert house.sign_links.find(link) is not None
    assert revoke(house, agreement).changed
    assert not revoke(house, agreement).changed
    assert house.ledger.state(agreement).delegations == ()
    assert house.sign_links.find(link).replaced
    rows = [row for row in house.outbox.due() if row.stage == "notify"]
    assert notify(house, agreement, rows[-1].version).acted
    assert set(mails(house, "-delegation-revoked-").values()) == {FIRST, DELEGATE, REVIEWER, MANAGER}
    assert collect(house, agreement, 0).acted
    assert list(mails(house, "-sign-2-for-gssc-after-1").values()) == [FIRST]
    with pytest.raises(NotAuthorised, match="no signatory"):
        commands.sign(house, agreement, by=DELEGATE, p12=certificate(house, DELEGATE, NAME), passphrase=PASSPHRASE)
    told = [row.what for row in happened(house, agreement)]
    assert "revoked the delegation of for-gssc: The president is back." in told
    sign(house, agreement, FIRST)
    assert house.ledger.state(agreement).signed == ("for-gssc",)


def test_the_same_delegate_named_confirmed_and_asked_again_after_a_revocation(at, agreement):
    house = at("signing")
    for asked in (1, 2):
        assert delegate(house, agreement).changed
        assert confirm(house, agreement).changed
        assert collect(house, agreement, 0).acted
        assert len(mails(house, "-sign-2-for-gssc-by-")) == asked
        if asked == 1:
            revoke(house, agreement)
    commands.sign(house, agreement, by=DELEGATE, p12=certificate(house, DELEGATE, NAME), passphrase=PASSPHRASE)
    with pytest.raises(RefusedTransition, match="too late to revoke"):
        revoke(house, agreement)


def test_a_delegate_whose_delegation_is_revoked_while_they_sign_is_refused(at, agreement, monkeypatch):
    house = at("signing")
    delegate(house, agreement)
    confirm(house, agreement)
    collect(house, agreement, 0)
    put = house.store.put

    def revoked_meanwhile(key, content):
        monkeypatch.undo()
        revoke(house, agreement)
        collect(house, agreement, 0)
        return put(key, content)

    monkeypatch.setattr(house.store, "put", revoked_meanwhile)
    with pytest.raises(NotAuthorised, match="no signatory"):
        commands.sign(house, agreement, by=DELEGATE, p12=certificate(house, DELEGATE, NAME), passphrase=PASSPHRASE)
    assert house.ledger.state(agreement).signed == ()


def test_who_gave_no_delegation_revokes_none(at, agreement):
    house = at("signing")
    delegate(house, agreement)
    with pytest.raises(Refused, match="has named nobody to sign for them"):
        revoke(house, agreement, by=SECOND)


def test_out_of_time_no_evidence_is_stored(at, agreement):
    house, evidence = at("signing"), picture()
    commands.withdraw(house, agreement, by=MANAGER, reason="The board did not agree.")
    with pytest.raises(RefusedTransition, match="nobody delegates while nothing can be signed") as refusal:
        delegate(house, agreement, authority=evidence)
    assert refusal.value.got == "ended"
    assert not list(house.store.keys(working_key(agreement, digest_of(evidence), "")))


def test_a_delegate_keeps_the_name_they_were_named_by(at, agreement):
    house = at("signing")
    delegate(house, agreement)
    commands.add_person(house, DELEGATE, name="Another name", roles=("auditor",))
    assert house.people.get(DELEGATE).name == NAME
    assert house.people.behind(house.ledger.state(agreement).delegations[0].delegate) is not None


def test_a_delegate_whose_data_was_erased_is_not_asked_in_vain(at, agreement):
    house = at("signing")
    delegate(house, agreement)
    confirm(house, agreement)
    with writing(house.engine) as connection:
        erase_person(connection, DELEGATE)
    with pytest.raises(Refused, match="the delegate's data was erased"):
        collect(house, agreement, 0)


def test_who_was_named_before_can_be_named_again(at, agreement):
    house = at("signing")
    delegate(house, agreement)
    delegate(house, agreement, to="third@example.org", name="Third")
    assert delegate(house, agreement).changed
    assert len(house.ledger.state(agreement).delegations) == 1
    sign(house, agreement, FIRST)
    with pytest.raises(RefusedTransition, match="too late to delegate"):
        confirm(house, agreement)
