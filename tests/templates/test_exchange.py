from __future__ import annotations

import pytest

from schemas.fact import open_facts
from tests.templates.reading import changed, confirmed, draft_of, example

HEADINGS = [
    "1. Purpose and aims", "2. Time, place and agenda", "3. Duties of the Visitor", "4. Duties of the Host",
    "5. Duties of the cluster organisations", "6. Lump sum", "7. Proof and report",
    "8. Term, postponement and cancellation", "9. Insurance and liability", "10. Knowledge and results",
    "11. Confidentiality", "12. Data protection", "13. Publicity", "14. Contacts and notices", "15. Amendment",
    "16. Law and disputes", "17. Language and form",
]  # fmt: skip


@pytest.fixture(scope="module")
def exchange():
    return example("smartctclusters/exchange-catalonia-leipzig.yaml")


@pytest.fixture(scope="module")
def draft(exchange):
    return draft_of(exchange)


@pytest.fixture(scope="module")
def final(exchange):
    return draft_of(confirmed(exchange))


def test_clauses_stand_in_their_order(final):
    assert final.headings == HEADINGS


def test_all_four_sign(final, exchange):
    blocks = [text for style, text in final.paragraphs if style == "SignatureParty"]
    names = {party.id: party.legal_name.value for party in exchange.parties}
    assert blocks == [names[signatory.party] for signatory in exchange.signatories]
    assert len(set(blocks)) == 4


def test_roles_are_told_with_country_and_partnership(final):
    lines = [text for _, text in final.paragraphs]
    host = lines.index("Host\u2019s Cluster")
    assert lines[host + 1 : host + 4] == ["Netzwerk Energie & Umwelt e. V.", "Germany", "Partnership: SmartCTClusters"]
    assert "Takes part: Head of development of the Visitor" in lines


def test_open_facts_are_listed_and_marked(draft, exchange):
    assert f"Open facts: {len(open_facts(exchange))}" in draft.text
    assert "First day: 16 November 2020\u202fassumed" in draft.text


def test_the_funding_statement_of_the_programme_is_printed(final):
    assert "This project was funded by the European Union\u2019s COSME Programme." in final.text


def test_each_working_day_has_its_programme(final, exchange):
    table = final.clause("Time, place and agenda")
    for entry in exchange.agenda:
        row = table.index(str(entry.day))
        assert table[row + 1 : row + 3] == [str(entry.title), str(entry.programme)]


def test_the_lump_sum_is_told_with_its_grounds(final):
    first, payer, *_ = final.clause("Lump sum")
    assert "a lump sum of EUR\u00a0600.00 towards" in first
    assert first.endswith("Working days of this exchange: 5; distance in kilometres: 1,300.")
    assert payer.startswith("The lump sum is paid by the cluster organisation of the Visitor.")


def test_the_agreement_ends_when_all_is_proved_and_paid(exchange, final):
    ends = "It ends when report and proof are complete and the lump sum is paid, at the latest one year after"
    assert ends in final.clause("Term, postponement and cancellation")[0]
    values = dict.fromkeys(("km", "full_lump_sum", "lump_sum", "payer"))
    virtual = draft_of(changed(exchange, mode="virtual", **values)).clause("Term, postponement and cancellation")[0]
    assert "It ends when report and proof are complete, at the latest one year after" in virtual


def test_half_a_lump_sum_is_printed_as_such(exchange):
    near = changed(exchange, km=150, lump_sum={"amount": "300.00"})
    first = draft_of(near).clause("Lump sum")[0]
    assert "receives a lump sum of EUR\u00a0300.00" in first
    assert "The whole lump sum for this exchange is EUR\u00a0600.00" in first


def test_a_virtual_exchange_pays_nothing(exchange):
    values = dict.fromkeys(("km", "full_lump_sum", "lump_sum", "payer"))
    virtual = draft_of(changed(exchange, mode="virtual", **values))
    assert "6. Costs" in virtual.headings
    assert "no Party owes another a payment" in virtual.text
    for words in ("lump sum", "lodging", "Days of travel", "on its premises, and confirms", "insured"):
        assert words not in virtual.text


def test_an_advance_may_be_chosen(exchange, final):
    assert "in advance" not in final.text
    choice = [{"clause": "exchange-lump-sum", "use": "exchange-lump-sum-advance"}]
    advanced = draft_of(changed(exchange, choices=choice))
    assert any(text.startswith("Half of it is paid in advance") for text in advanced.clause("Lump sum"))
