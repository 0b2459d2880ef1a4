from __future__ import annotations

import pytest

from tests.templates.reading import changed, confirmed, draft_of, example

DIGEST = "5f" * 32


@pytest.fixture(scope="module")
def notice():
    return example("gssc/termination-mou-notice.yaml")


@pytest.fixture(scope="module")
def received(notice):
    complete = confirmed(notice)
    base = complete.base.model_dump() | {"agreement": "MOU-2026-0001", "sha256": DIGEST}
    delivery = complete.deliveries[0].model_dump() | {"received": "2022-06-27", "proof": "Report of the service"}
    return changed(complete, base=base, deliveries=[delivery])


@pytest.fixture(scope="module")
def final(received):
    return draft_of(received)


def test_clauses_stand_in_their_order(final):
    assert final.headings == [
        "1. Declaration", "2. Grounds", "3. End of the Base", "4. Winding up", "5. What continues", "6. Delivery",
    ]  # fmt: skip


def test_only_the_sender_signs(final):
    assert [text for style, text in final.paragraphs if style == "SignatureParty"] == ["Nanoprogress, z.s."]
    assert "The addressees do not sign this notice." in final.text


def test_sender_clause_and_base_are_named(final):
    declaration, rests, *_ = final.clause("Declaration")
    assert declaration.startswith(
        "Nanoprogress, z.s., acting for the partnership Green Small Smart Cities (GSSC) (the “Sender”) terminates the "
    )
    assert "Its id is: MOU-2026-0001; its date: 27 April 2021." in declaration
    assert DIGEST in declaration
    assert rests == (
        "The termination rests on clause 11.1 (Termination) of the Base. It is an ordinary termination with notice."
    )


def test_the_end_is_told_with_the_earliest_day(final):
    end, earliest = final.clause("End of the Base")
    assert end == (
        "The Base ends at the end of the following day: 31 July 2022. "
        "The Base asks for notice of 30 calendar days from receipt."
    )
    assert earliest.endswith("the first day on which it can end is 27 July 2022.")


def test_an_unknown_day_of_receipt_leaves_the_end_provisional(notice):
    _, provisional = draft_of(notice).clause("End of the Base")
    assert provisional.startswith("The day of receipt is not yet known for every addressee.")
    assert "not yet known\u202fblank" in draft_of(notice).clause("Delivery")


def test_delivery_is_proved_for_each_addressee(final):
    assert final.clause("Delivery")[-5:] == [
        "Česko-kapverdská obchodní komora", "Registered electronic delivery", "secretariat.chamber@example.org",
        "27 June 2022", "Report of the service",
    ]  # fmt: skip


def test_a_breach_gets_grounds_time_and_a_reservation(received, final):
    remedy = {"days": 30, "demand": "deliver the report."}
    breach = draft_of(
        changed(received, termination_kind="breach", grounds=["The report of June did not come."], remedy=remedy)
    )
    assert "3. Time to put the breach right" in breach.headings
    assert "The report of June did not come." in breach.clause("Grounds")
    assert "The Sender reserves all claims" in breach.text
    assert "The Sender reserves all claims" not in final.text
    assert "The Base allows an ordinary termination without grounds" in final.text
    assert "without grounds" not in breach.text


def test_a_serious_cause_needs_no_notice(received):
    cause = {"termination_kind": "serious cause", "notice_days": 0, "grounds": ["False information was given."]}
    text = draft_of(changed(received, winding_up=[], **cause)).text
    assert "a termination for serious cause" in text
    assert "The Base asks for no period of notice in this case." in text
    assert "Winding up" not in text


def test_with_several_addressees_only_the_sender_leaves(received):
    third = received.parties[1].model_dump() | {"id": "third", "legal_name": {"value": "Третья сторона"}}
    delivery = received.deliveries[0].model_dump() | {"party": "third"}
    parties = [*(party.model_dump() for party in received.parties), third]
    notice = draft_of(changed(received, parties=parties, deliveries=[received.deliveries[0].model_dump(), delivery]))
    assert "terminates its participation in the document" in notice.text
    assert "The Base ends for the Sender at the end" in notice.text
    assert "Третья сторона" in notice.clause("Delivery")
