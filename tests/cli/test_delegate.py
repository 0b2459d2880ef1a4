from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.installation import EXAMPLE, FIRST, MANAGER, REVIEWER

pytestmark = pytest.mark.office


@pytest.fixture
def authority(tmp_path):
    content = io.BytesIO()
    Image.new("L", (40, 30), 255).save(content, "PNG")
    path = tmp_path / "power.png"
    path.write_bytes(content.getvalue())
    return path


def shown(run, agreement) -> dict[str, str]:
    lines = (line.split("  ", 1) for line in run("show", agreement).out.splitlines())
    return {name: value.strip() for name, value in lines}


def test_a_delegation_is_given_looked_at_confirmed_and_shown(run, home_at, agreement, authority, tmp_path):
    home_at("signing")
    answer = run(
        "delegate", agreement, "--as", FIRST, "--to", "deputy@example.org", "--name", "Deputy",
        "--authority", authority, "--comment", "Abroad.",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert f"{agreement} delegated" in answer.out
    assert shown(run, agreement)["signatory for-gssc"] == "Deputy is to sign for them, not confirmed; invited"
    assert shown(run, agreement)["waits for"] == "signatory:for-gssc, office:legal"
    output = tmp_path / "seen.png"
    seen = run("delegation", "evidence", agreement, "--for", "for-gssc", "-o", output, "--json").json
    assert output.read_bytes() == authority.read_bytes()
    assert seen["kind"] == "png"
    refused = run("delegation", "confirm", agreement, "--for", "for-gssc", "--as", MANAGER, "--json")
    assert (refused.code, refused.json["error"]) == (1, "FourEyes")
    assert run("delegation", "confirm", agreement, "--for", "for-gssc", "--as", REVIEWER).code == 0
    assert shown(run, agreement)["signatory for-gssc"] == "Deputy signs for them; not invited yet"
    assert "confirmed that Deputy signs for for-gssc" in run("timeline", agreement).out
    assert run("show", agreement, "--json").json["delegations"][0]["confirmed"]
    revoked = run("delegation", "revoke", agreement, "--as", FIRST, "--comment", "I am back.")
    assert (revoked.code, f"{agreement} delegation revoked" in revoked.out) == (0, True)
    assert shown(run, agreement)["signatory for-gssc"] == "not invited yet"


def test_evidence_that_is_no_document_is_bad_input(run, home_at, agreement, tmp_path):
    home_at("signing")
    given = ("delegate", agreement, "--as", FIRST, "--to", "d@example.org", "--name", "D", "--comment", "x")
    answer = run(*given, "--authority", tmp_path / "nothing.pdf")
    assert (answer.code, "cannot be read" in answer.err) == (2, True)
    letter = tmp_path / "letter.txt"
    letter.write_text("He may.")
    refused = run(*given, "--authority", letter)
    assert (refused.code, "the evidence of authority is of a kind that is not accepted" in refused.err) == (2, True)


def test_show_names_rounds_and_how_each_signed(run, home_at, agreement):
    home_at("second invited")
    said = shown(run, agreement)
    assert said["rounds"] == "for-gssc, then for-chamber"
    assert said["signatory for-gssc"] == "signed, pkcs12, AdES"
    assert said["signatory for-chamber"] == "invited"
    assert "sign by" not in said


def test_a_new_draft_after_a_signature_asks_for_a_word_of_its_own(run, home_at, agreement, tmp_path):
    home_at("signed once")
    path = tmp_path / "mou.yaml"
    path.write_text(EXAMPLE.read_text().replace("notice_days: 30", "notice_days: 60"))
    given = ("revise", agreement, path, "--draft", 2, "--as", MANAGER)
    refused = run(*given)
    assert (refused.code, "--void-signatures" in refused.err) == (1, True)
    assert run(*given, "--void-signatures", "--json").json["draft"] == 3
    assert "revised to draft 3 (amended), signed by for-gssc: void" in run("timeline", agreement).out


def test_an_agreement_without_a_last_day_is_not_extended(run, home_at, agreement):
    home_at("signing")
    given = ("extend", agreement, "--as", MANAGER, "--comment", "x", "--sign-by")
    assert run(*given, "31 January").code == 2
    refused = run(*given, "2049-01-31")
    assert (refused.code, "an agreement with a last day to sign" in refused.err) == (1, True)
