from __future__ import annotations

import shutil
import tomllib

import pytest

from schemas.errors import TemplateFault
from schemas.evidence import digest_of
from templates.catalog import FOLDER, document_types_with_templates, load_template, read_manifest, versions_of
from templates.pin import main, manifest_text, pin


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(FOLDER / "clauses", tmp_path / "clauses")
    shutil.copytree(FOLDER / "mou", tmp_path / "mou")
    return tmp_path


def put(template, name, *identifiers):
    tags = "".join(f'{{{{ put("{identifier}") }}}}' for identifier in identifiers)
    name.write_bytes(template("{% macro put(id) %}{{ clause(id).heading }}{% endmacro %}", tags).docx)


def test_new_template_gets_editions_and_pins(folder, template):
    place = folder / "letter" / "v1"
    place.mkdir(parents=True)
    put(template, place / "en.docx", "confidentiality")
    put(template, place / "en-es.docx", "law-and-disputes", "confidentiality")
    manifest = pin(place, folders=[folder])
    assert (manifest.id, manifest.version, manifest.document_type) == ("letter", 1, "letter")
    assert manifest.editions.keys() == {"en", "en-es"}
    assert "locale" not in manifest_text(manifest)
    assert manifest.editions["en"].sha256 == digest_of((place / "en.docx").read_bytes())
    assert {"confidentiality", "confidentiality-brief", "law-and-disputes"} <= manifest.clauses.keys()
    assert set(load_template("letter", "en-es", folders=[folder]).clauses) == manifest.clauses.keys()


def test_pinning_again_takes_what_changed_and_keeps_the_rest(folder):
    place = folder / "mou" / "v1"
    before = read_manifest(place)
    path = folder / "clauses" / "confidentiality" / "v2.toml"
    first = path.with_name("v1.toml").read_text(encoding="utf-8")
    path.write_text(first.replace("version = 1", "version = 2", 1), encoding="utf-8")
    after = pin(place, folders=[folder])
    assert after.title == before.title
    assert after.editions == before.editions
    assert after.clauses["confidentiality"].version == 2
    changed = {name for name in before.clauses if before.clauses[name] != after.clauses[name]}
    assert changed == {"confidentiality"}


def test_clause_the_library_does_not_have_is_refused(folder, template):
    put(template, folder / "mou" / "v1" / "en.docx", "confidentialty")
    with pytest.raises(TemplateFault, match="no such clause") as refusal:
        pin(folder / "mou" / "v1", folders=[folder])
    assert refusal.value.got == "confidentialty"


def test_clause_whose_languages_disagree_is_not_pinned(folder):
    path = folder / "clauses" / "termination" / "v1.toml"
    text = path.read_text(encoding="utf-8")
    fixed = text.replace("preaviso de {{ notice_days|days }}", "preaviso de 30 días naturales")
    path.write_text(fixed, encoding="utf-8")
    with pytest.raises(TemplateFault, match="other fields in one language") as refusal:
        pin(folder / "mou" / "v1", folders=[folder])
    assert (refusal.value.where, refusal.value.got) == ("clauses/termination/v1.toml, paragraph 1, es", "notice_days")


def test_word_file_that_is_no_edition_is_refused(folder):
    shutil.copy(folder / "mou" / "v1" / "en.docx", folder / "mou" / "v1" / "draft.docx")
    with pytest.raises(TemplateFault, match="no edition") as refusal:
        pin(folder / "mou" / "v1", folders=[folder])
    assert refusal.value.got == "draft.docx"


def test_manifest_is_written_as_toml_whatever_its_title_says(folder):
    manifest = read_manifest(folder / "mou" / "v1").model_copy(update={"title": 'A "quoted" título \\ \t'})
    assert tomllib.loads(manifest_text(manifest))["title"] == manifest.title


def test_command_pins_the_folders_named_and_tells_a_fault(folder, capsys):
    assert main([str(folder / "mou" / "v1")]) == 0
    assert "editions" in capsys.readouterr().out
    shutil.copy(folder / "mou" / "v1" / "en.docx", folder / "mou" / "v1" / "draft.docx")
    assert main([str(folder / "mou" / "v1")]) == 1
    assert "no edition" in capsys.readouterr().err


@pytest.mark.parametrize("document_type", document_types_with_templates())
def test_manifests_say_what_pinning_would_write(document_type, tmp_path):
    shutil.copytree(FOLDER / document_type, tmp_path / document_type)
    version = max(versions_of(document_type))
    place = tmp_path / document_type / f"v{version}"
    before = read_manifest(place)
    assert pin(place, folders=[FOLDER]) == before
