from dataclasses import replace

import pytest

from archive.canonical_zip import read_canonical
from archive.dossier import build_dossier
from archive.signers import Signer, signers_in
from schemas.errors import Invalid
from tests.archive.complete_history import DELEGATE, SIGNERS, complete, eventful
from tests.archive.verifying import rewritten


def test_signatories_are_named_with_their_party_and_who_signs_in_their_place():
    contents = eventful().contents()
    first, second = signers_in(build_dossier(contents))
    assert (first.by_delegate, first.delegate) == (True, DELEGATE.name)
    assert (second.by_delegate, second.delegate) == (False, None)
    kept = [one for one in contents.people if one != DELEGATE]
    erased, _ = signers_in(build_dossier(replace(contents, people=kept)))
    assert (erased.by_delegate, erased.delegate) == (True, None)


def test_who_signs_in_person_stands_by_their_own_name():
    parties = {"gssc": "GSSC", "ccvcc": "the Chamber"}
    assert signers_in(build_dossier(complete().contents())) == tuple(
        Signer(signatory=its_id, name=one.name, party=parties[its_id]) for its_id, one in SIGNERS.items()
    )


def test_a_dossier_that_states_nothing_is_invalid():
    members = read_canonical(build_dossier(complete().contents()))
    with pytest.raises(Invalid):
        signers_in(rewritten(members, **{"entries/0.json": None}))
