from __future__ import annotations

import hashlib
import json
import os
import shutil

import pytest

from schemas.errors import ConflictingContent, InputError, Unavailable
from schemas.types.mou import Memorandum
from templates.adopt import adopt, clauses_for, library_for
from templates.catalog import FOLDER, load_template, read_manifest, version_folder, versions_of
from tests.templates.checking.damage import BODY, FIVE, added_behind, damaged, rewritten
from tests.templates.conftest import paragraph, word_file


def edited(document_type="mou", edition="en", text="The Parties meet once a year."):
    docx = load_template(document_type, edition, 1).docx
    return rewritten(docx, {BODY: added_behind('{{p put("publicity") }}', text)})


def tree(folder):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_edited_file_becomes_the_next_version(tmp_path):
    before = tree(FOLDER / "mou")
    adopted = adopt(edited(), Memorandum, edition="en", root=tmp_path)
    newest = versions_of("mou")[-1]
    assert adopted.new
    assert adopted.template.version == newest + 1
    assert adopted.template.docx == edited()
    assert adopted.before.docx == load_template("mou", "en", newest).docx
    assert load_template("mou", "en", folders=(FOLDER, tmp_path)) == adopted.template
    assert tree(FOLDER / "mou") == before


def test_other_editions_and_pins_are_those_of_the_version_before(tmp_path):
    newest = read_manifest(version_folder("mou", versions_of("mou")[-1]))
    version = adopt(edited(), Memorandum, edition="en", root=tmp_path).template.version
    manifest = read_manifest(tmp_path / "mou" / f"v{version}")
    assert manifest.clauses == newest.clauses
    assert manifest.editions.keys() == newest.editions.keys()
    for edition, pinned in newest.editions.items():
        assert (manifest.editions[edition] == pinned) == (edition != "en")
        assert (
            load_template("mou", edition, version, folders=(FOLDER, tmp_path)).digest
            == manifest.editions[edition].sha256
        )


def test_same_bytes_adopted_twice_are_the_same_version(tmp_path):
    first = adopt(edited(), Memorandum, edition="en", root=tmp_path)
    written = tree(tmp_path)
    second = adopt(edited(), Memorandum, edition="en", root=tmp_path)
    assert (second.template, second.new) == (first.template, False)
    assert second.before == first.before
    assert tree(tmp_path) == written


def test_earlier_versions_stay_as_they_are(tmp_path):
    first = adopt(edited(), Memorandum, edition="en", root=tmp_path)
    written = tree(tmp_path)
    second = adopt(edited(text="The Parties meet twice a year."), Memorandum, edition="en", root=tmp_path)
    assert second.template.version == first.template.version + 1
    assert second.before == first.template
    assert written.items() <= tree(tmp_path).items()


def test_version_before_can_be_taken_up_again(tmp_path):
    first = adopt(edited(), Memorandum, edition="en", root=tmp_path)
    adopt(edited(text="Other."), Memorandum, edition="en", root=tmp_path)
    again = adopt(edited(), Memorandum, edition="en", root=tmp_path)
    assert (again.new, again.template.version) == (True, first.template.version + 2)


def test_every_error_refuses_and_nothing_is_written(tmp_path):
    docx = damaged(*FIVE)
    with pytest.raises(InputError) as refusal:
        adopt(docx, Memorandum, edition="en", root=tmp_path)
    assert {fault.path for fault in refusal.value.faults} == {damage.where(docx) for damage in FIVE}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("edition", ["fr", "english", "../en", "en-fr", ""])
def test_language_without_a_locale_is_no_edition(tmp_path, edition):
    with pytest.raises(InputError, match="no edition"):
        adopt(edited(), Memorandum, edition=edition, root=tmp_path)


def test_first_version_of_a_type_takes_its_name_from_the_model(tmp_path):
    room = '<w:drawing><wp:docPr id="1" name="Room" descr="(signatory {{ signatories[0].id }})"/></w:drawing>'
    heading = paragraph("{{ clause('confidentiality').heading }}")
    docx = word_file(f"{paragraph('{{ title }}')}{heading}<w:p><w:r>{room}</w:r></w:p>")
    folders = (tmp_path / "empty",)
    shutil.copytree(FOLDER / "clauses", folders[0] / "clauses")
    adopted = adopt(docx, Memorandum, edition="en", root=tmp_path / "own", folders=folders)
    assert (adopted.template.version, adopted.before) == (1, None)
    manifest = read_manifest(tmp_path / "own" / "mou" / "v1")
    assert (manifest.id, manifest.title) == ("mou", Memorandum.kind)
    assert manifest.clauses.keys() == {"confidentiality", "confidentiality-brief"}
    assert any("never used" in finding.message for finding in adopted.warnings)


def test_pinned_clause_stays_at_its_version(tmp_path):
    folder = tmp_path / "clauses" / "publicity"
    folder.mkdir(parents=True)
    text = (FOLDER / "clauses" / "publicity" / "v1.toml").read_text().replace("version = 1", "version = 2")
    (folder / "v2.toml").write_text(text)
    manifest = read_manifest(version_folder("mou", 1))
    assert library_for(manifest, (FOLDER, tmp_path))["publicity"].version == 1
    assert library_for(None, (FOLDER, tmp_path))["publicity"].version == 2


def newer_publicity(folder, *, languages=("en", "es", "it", "pt")):
    """Put a second version of a clause into a folder of templates, in these languages."""
    place = folder / "clauses" / "publicity"
    place.mkdir(parents=True)
    lines = (FOLDER / "clauses" / "publicity" / "v1.toml").read_text().replace("version = 1", "version = 2")
    gone = tuple(f"{one} = " for one in {"en", "es", "it", "pt"} - set(languages))
    (place / "v2.toml").write_text("\n".join(line for line in lines.splitlines() if not line.startswith(gone)))


def test_clauses_move_to_their_newest_versions_only_when_told(tmp_path):
    newer_publicity(tmp_path)
    adopt(edited(), Memorandum, edition="en", root=tmp_path)
    assert clauses_for("mou", (FOLDER, tmp_path))["publicity"].version == 1
    moved = adopt(edited(), Memorandum, edition="en", root=tmp_path, newest_clauses=True)
    again = adopt(edited(), Memorandum, edition="en", root=tmp_path, newest_clauses=True)
    first = versions_of("mou")[-1] + 1
    pins = [read_manifest(tmp_path / "mou" / f"v{number}").clauses for number in (first, first + 1)]
    assert [pinned["publicity"].version for pinned in pins] == [1, 2]
    assert {name for name in pins[0] if pins[0][name] != pins[1][name]} == {"publicity"}
    assert (moved.new, moved.template.version, again.new) == (True, first + 1, False)
    assert load_template("mou", "en-pt", folders=(FOLDER, tmp_path)).clauses["publicity"].version == 2


def test_clauses_without_a_language_of_another_edition_do_not_move(tmp_path):
    newer_publicity(tmp_path, languages=("en", "es", "it"))
    with pytest.raises(InputError, match="edition en-pt") as refusal:
        adopt(edited(), Memorandum, edition="en", root=tmp_path, newest_clauses=True)
    assert "the clause publicity has no text in pt" in {fault.message for fault in refusal.value.faults}
    assert not (tmp_path / "mou").exists()


def test_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def fail(handle):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(Unavailable, match="no space"):
        adopt(edited(), Memorandum, edition="en", root=tmp_path)
    assert list((tmp_path / "mou").iterdir()) == []


def test_version_that_appears_meanwhile_stays(tmp_path, monkeypatch):
    version = versions_of("mou")[-1] + 1
    theirs = tmp_path / "mou" / f"v{version}" / "manifest.toml"
    synced = os.fsync

    def meanwhile(handle):
        theirs.parent.mkdir(parents=True, exist_ok=True)
        theirs.write_text("theirs")
        synced(handle)

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(ConflictingContent, match="at the same time"):
        adopt(edited(), Memorandum, edition="en", root=tmp_path)
    assert theirs.read_text() == "theirs"
    assert [path.name for path in (tmp_path / "mou").iterdir()] == [f"v{version}"]


def test_adoption_can_be_written_as_json(tmp_path):
    adopted = adopt(edited(), Memorandum, edition="en", root=tmp_path)
    told = json.loads(json.dumps(adopted.as_json()))
    assert told["version"] == told["version_before"] + 1
    assert told["sha256"] == adopted.template.digest
