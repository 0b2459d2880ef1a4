"""The four levels of PAdES baseline, with authorities on the net that may be down, lie or revoke."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.errors import RevocationUnavailable, TimestampUnavailable, Unavailable
from schemas.evidence import Verdict
from schemas.signature import LegalEffect, Level
from signing.revision import open_pdf, signatures_of, token_of
from signing.validate import validate
from tests.authorities import DAY, Fault, authorities
from tests.signing.http_desk import HttpDesk

pytestmark = pytest.mark.enable_socket

LEVELS = (Level.BASIC, Level.TIME, Level.LONG_TERM, Level.ARCHIVE)


@pytest.fixture
def net(tmp_path):
    with authorities(tmp_path) as running:
        yield running


@pytest.fixture
def desk(net):
    return HttpDesk(net)


@pytest.mark.parametrize("level", LEVELS)
def test_the_level_validated_is_the_level_asked_for(net, level):
    desk = HttpDesk(net, level)
    report = desk.validate(desk.final())
    assert (report.verdict, report.level) == (Verdict.VALID, level)
    levels = {mark.level for mark in report.signatures if mark.effect is not LegalEffect.TIMESTAMP}
    assert levels == {level}


@pytest.mark.parametrize("level", LEVELS)
def test_only_the_upper_levels_need_nobody_when_they_are_validated(net, level):
    desk = HttpDesk(net, level)
    alone = level in (Level.LONG_TERM, Level.ARCHIVE)
    expected = Verdict.VALID if alone else Verdict.INDETERMINATE
    assert desk.validate(desk.final(), offline=True).verdict is expected


def test_a_basic_signature_asks_no_timestamp_authority(net):
    desk = HttpDesk(net, Level.BASIC)
    with net.failing("tsa", Fault.DOWN):
        final = desk.final()
    assert [token_of(mark) for mark in signatures_of(open_pdf(final))] == [None] * 4


def test_a_signature_without_a_timestamp_takes_its_time_from_the_document_timestamp(net, desk):
    pdf = HttpDesk(net, Level.BASIC).sign(desk.prepare(), "gssc")
    final = desk.conclude(desk.sign(pdf, "chamber"))
    marks = {mark.field: mark for mark in desk.validate(final, offline=True).signatures}
    assert token_of(signatures_of(open_pdf(final))[1]) is None
    assert (marks["signatory:gssc"].verdict, marks["signatory:gssc"].level) == (Verdict.VALID, "B-LTA")


def test_each_mark_says_what_it_legally_is(desk):
    effects = [mark.effect for mark in desk.validate(desk.final()).signatures]
    assert effects == [LegalEffect.SEAL, LegalEffect.ADES, LegalEffect.ADES, LegalEffect.SEAL, LegalEffect.TIMESTAMP]


def test_everything_but_the_last_timestamp_is_proven_by_the_file_after_its_certificates_ended(net, desk):
    final, start = desk.final(), desk.now
    net.clock = lambda: start + 1000 * DAY
    assert net.certificate("gssc").not_valid_after_utc < net.clock()
    report = desk.validate(final)
    assert (report.verdict, report.level) == (Verdict.VALID, "B-LTA")


YEARS = 730 * DAY


def test_offline_years_later_the_file_is_valid_and_says_what_it_cannot_know(net, desk):
    net.lists_last(timedelta(hours=1))
    final, signed_on = desk.final(), desk.now
    report = desk.validate(final, offline=True, at=signed_on + YEARS)
    assert (report.verdict, report.level) == (Verdict.VALID, "B-LTA")
    assert report.signatures[-1].reason.endswith(
        f"; its authority's certificate was not revoked as of {signed_on:%Y-%m-%d};"
        " nothing in the file says what came after"
    )


def test_with_a_current_list_nothing_is_left_open_about_the_last_timestamp(net, desk):
    final, start = desk.final(), desk.now
    net.clock = lambda: start + YEARS
    assert "came after" not in desk.validate(final).signatures[-1].reason


@pytest.mark.parametrize("span", [timedelta(minutes=30), YEARS], ids=["soon", "later"])
@pytest.mark.parametrize("reason", ["key_compromise", None, "ca_compromise"])
def test_a_timestamp_authority_that_lost_its_key_proves_nothing_any_more(net, desk, reason, span):
    final, start = desk.final(), desk.now
    net.clock = lambda: start + span
    net.lists_last(timedelta(minutes=1))
    net.revoke("tsa", since=net.clock() - timedelta(minutes=5), reason=reason)
    lists = [net.list_of("root")]
    report = validate(final, net.trust(offline=True).with_revocation_lists(lists), now=desk.now)
    assert report.verdict is Verdict.INDETERMINATE
    assert report.signatures[-1].sub_indication == "REVOKED_NO_POE"
    stale = validate(final, net.trust(offline=True).with_revocation_lists(lists), now=desk.now + 300 * DAY)
    assert stale.signatures[-1].sub_indication == "REVOKED_NO_POE"


def test_a_timestamp_authority_that_ended_its_service_leaves_its_timestamps_valid(net, desk):
    final, start = desk.final(), desk.now
    net.clock = lambda: start + YEARS
    net.revoke("tsa", since=start + 100 * DAY, reason="cessation_of_operation")
    report = desk.validate(final)
    assert (report.verdict, report.level) == (Verdict.VALID, "B-LTA")
    assert f"it was on {start + 100 * DAY:%Y-%m-%d}" in report.signatures[-1].reason
    net.revoke("tsa", since=start - DAY, reason="cessation_of_operation")
    assert desk.validate(final).signatures[-1].sub_indication == "REVOKED_NO_POE"


def test_after_its_authoritys_certificate_ended_a_timestamp_alone_proves_nothing(net):
    desk = HttpDesk(net, tsa="ending")
    report = desk.validate(desk.final(), offline=True, at=desk.now + 31 * DAY)
    assert report.verdict is Verdict.INDETERMINATE
    assert "OUT_OF_BOUNDS" in str(report.signatures[-1].sub_indication)


def test_a_signature_without_a_document_timestamp_needs_current_lists_as_ever(net):
    desk = HttpDesk(net, Level.LONG_TERM)
    net.lists_last(timedelta(hours=1))
    report = desk.validate(desk.final(), offline=True, at=desk.now + 100 * DAY)
    assert {mark.verdict for mark in report.signatures} == {Verdict.INDETERMINATE}


def test_a_signature_made_before_its_certificate_was_revoked_stays_valid(net, desk):
    signed, start = desk.signed(), desk.now
    net.revoke("gssc", since=start + timedelta(hours=1))
    net.clock = lambda: start + timedelta(hours=2)
    report = desk.validate(desk.conclude(signed), offline=True)
    assert (report.verdict, report.level) == (Verdict.VALID, "B-LTA")


def test_a_basic_signature_whose_certificate_was_revoked_later_proves_nothing(net):
    desk = HttpDesk(net, Level.BASIC)
    signed, start = desk.signed(), desk.now
    net.revoke("gssc", since=start + timedelta(hours=1))
    net.clock = lambda: start + timedelta(hours=2)
    marks = {mark.field: mark for mark in desk.validate(signed).signatures}
    assert marks["signatory:gssc"].verdict is Verdict.INDETERMINATE
    assert marks["signatory:gssc"].sub_indication == "REVOKED_NO_POE"
    assert marks["signatory:chamber"].verdict is Verdict.VALID


LIES = (Fault.DOWN, Fault.CUT, Fault.JUNK, Fault.WRONG_TYPE, Fault.HUGE, Fault.STALE, Fault.WRONG_NONCE, Fault.FORGED)


@pytest.mark.parametrize("fault", [*LIES, Fault.UNKNOWN])
def test_a_timestamp_authority_that_fails_or_lies_means_no_signature(net, desk, fault):
    prepared = desk.prepare()
    with net.failing("tsa", fault), pytest.raises(TimestampUnavailable) as caught:
        desk.sign(prepared, "gssc")
    assert caught.value.remedy.startswith("repeat later; nothing was signed")
    assert desk.sign(prepared, "gssc").startswith(prepared)


def test_a_timestamp_authority_that_was_revoked_means_no_signature(net, desk):
    prepared, start = desk.prepare(), desk.now
    net.revoke("tsa", since=start)
    net.clock = lambda: start + 31 * DAY
    with pytest.raises(TimestampUnavailable, match="cannot be relied on") as caught:
        desk.sign(prepared, "gssc")
    assert "REVOKED" in caught.value.got


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.FORGED, Fault.STALE])
def test_a_conclusion_waits_for_those_who_know_of_revocation(net, desk, fault):
    signed = desk.signed()
    with net.failing("crls", fault), net.failing("ocsp", fault), pytest.raises(RevocationUnavailable) as caught:
        desk.conclude(signed)
    assert "OCSP at" in caught.value.got
    assert "CRL at" in caught.value.got
    assert desk.validate(desk.conclude(signed)).level == "B-LTA"


def test_a_conclusion_without_a_document_timestamp_is_none(net, desk):
    signed = desk.signed()
    with net.failing("tsa", Fault.DOWN), pytest.raises(Unavailable):
        desk.conclude(signed)
