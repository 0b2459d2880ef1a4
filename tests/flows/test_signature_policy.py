from __future__ import annotations

import pytest

from flows.collect import collect
from flows.conclude import conclude
from flows.prepare import prepare
from flows.settings import Settings, read_settings
from schemas.errors import InputError
from schemas.policy import SignaturePolicy
from schemas.signature import Level, SigningWay
from tests.installation import FIRST, SECOND, sign


def test_the_default_is_the_archive_level_and_every_way(tmp_path):
    policy = SignaturePolicy()
    assert (policy.level, policy.ways) == (Level.ARCHIVE, tuple(SigningWay))


def test_a_policy_is_set_for_each_type_of_document(tmp_path):
    (tmp_path / "convenio.toml").write_text('[signature_policies.mou]\nlevel = "B-LT"\nways = ["csc", "pkcs12"]\n')
    settings = read_settings(tmp_path)
    assert settings.signature_policies == {
        "mou": SignaturePolicy(level=Level.LONG_TERM, ways=(SigningWay.PKCS12, SigningWay.CSC))
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[signature_policies.mo]\nlevel = "B-T"\n', "mo is no type of document; did you mean mou?"),
        ('[signature_policies.mou]\nlevel = "none"\n', "a policy asks for one of"),
        ("[signature_policies.mou]\nways = []\n", "has 0 entries; read []; expected 1 or more"),
    ],
    ids=["type", "level", "ways"],
)
def test_a_policy_that_cannot_be_in_force_is_refused(tmp_path, text, said):
    (tmp_path / "convenio.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        read_settings(tmp_path)
    assert said in caught.value.diagnosis()


@pytest.mark.parametrize("level", [Level.BASIC, Level.TIME, Level.LONG_TERM])
def test_the_policy_of_preparation_holds_to_the_end(at, agreement, level):
    house = at("approved")
    policy = SignaturePolicy(level=level)
    object.__setattr__(house, "settings", Settings(home=house.home, signature_policies={"mou": policy}))
    prepare(house, agreement, 2)
    object.__setattr__(house, "settings", Settings(home=house.home))
    for number, email in enumerate((FIRST, SECOND)):
        collect(house, agreement, number)
        sign(house, agreement, email)
    collect(house, agreement, 2)
    outcome = conclude(house, agreement, 2)
    state = house.ledger.state(agreement)
    assert outcome.acted
    assert (state.policy, state.level) == (policy, level)
