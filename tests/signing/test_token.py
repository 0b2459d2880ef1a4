from __future__ import annotations

import hashlib
import random
from datetime import timedelta

import pytest

from schemas.errors import Invalid
from schemas.evidence import Verdict
from signing.run import run
from signing.token import validate_token
from signing.trust import TrustPolicy
from tests.authorities import DAY, authorities

DATA = b"convenio.example/ledger\n1\nroot\n"


@pytest.fixture(scope="module")
def token(session_desk) -> bytes:
    digest = hashlib.sha256(DATA).digest()
    return run(session_desk.timestamper.async_timestamp(digest, "sha256")).dump()


@pytest.fixture(scope="module")
def trust(session_desk) -> TrustPolicy:
    return TrustPolicy(roots=session_desk.trust.roots)


def test_a_token_over_the_bytes_by_a_trusted_authority_is_valid(token, trust, session_desk):
    report = validate_token(token, DATA, trust, name="checkpoint")
    assert (report.verdict, report.signed_at) == (Verdict.VALID, session_desk.clock.now)
    assert "nothing beside it says whether that was revoked" in report.reason


def test_under_no_trusted_root_it_is_indeterminate_by_its_name(token):
    report = validate_token(token, DATA, TrustPolicy(), name="checkpoint")
    assert (report.verdict, report.sub_indication) == (Verdict.INDETERMINATE, "NO_CERTIFICATE_CHAIN_FOUND")


@pytest.mark.enable_socket
def test_what_is_known_of_a_revocation_counts(tmp_path):
    with authorities(tmp_path) as net:
        digest, start = hashlib.sha256(DATA).digest(), net.clock()
        token = run(net.timestamper().async_timestamp(digest, "sha256")).dump()
        net.lists_last(timedelta(minutes=1))
        net.clock = lambda: start + DAY
        found = []
        for reason in ("superseded", "key_compromise"):
            net.revoke("tsa", since=start + timedelta(hours=1), reason=reason)
            trust = net.trust(offline=True).with_revocation_lists([net.list_of("root")])
            found.append(validate_token(token, DATA, trust, name="checkpoint").sub_indication)
    assert found == [None, "REVOKED_NO_POE"]


def test_over_other_bytes_it_is_refused(token, trust):
    with pytest.raises(Invalid, match="the timestamp is over other bytes"):
        validate_token(token, DATA + b"\n", trust, name="checkpoint")


def test_no_bit_of_it_can_change_and_leave_it_valid(token, trust):
    chance = random.Random(3161)
    for _ in range(60):
        changed = bytearray(token)
        changed[chance.randrange(len(token))] ^= 1 << chance.randrange(8)
        try:
            verdict = validate_token(bytes(changed), DATA, trust, name="checkpoint").verdict
        except Invalid:
            continue
        assert verdict is not Verdict.VALID
