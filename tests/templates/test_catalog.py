from __future__ import annotations

import shutil

import pytest

from schemas.errors import TemplateFault
from schemas.evidence import digest_of
from templates.catalog import FOLDER, document_types_with_templates, editions_of, load_template, versions_of
from templates.clauses import clause_files

FRENCH = f"""
id = "mou"
version = 1
document_type = "mou"
title = "Memorandum"
[editions.fr]
sha256 = "{"0" * 64}"
"""


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(FOLDER / "mou", tmp_path / "mou")
    shutil.copytree(FOLDER / "clauses", tmp_path / "clauses")
    return tmp_path


def test_newest_version_is_taken_where_none_is_named(folder):
    shutil.copytree(folder / "mou" / "v1", folder / "mou" / "v2")
    manifest = folder / "mou" / "v2" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace("version = 1", "version = 2", 1))
    assert versions_of("mou", folders=[folder]) == (1, 2)
    assert load_template("mou", folders=[folder]).version == 2
    assert load_template("mou", version=1, folders=[folder]).version == 1


def test_template_carries_the_digest_of_its_file():
    template = load_template("mou")
    assert template.digest == digest_of(template.docx)
    assert (template.document_type, template.edition, template.locale) == ("mou", "en", "en-GB")


def test_one_changed_byte_needs_a_new_version(folder):
    path = folder / "mou" / "v1" / "en.docx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(TemplateFault, match="changed without a new version") as refusal:
        load_template("mou", folders=[folder])
    assert refusal.value.got == digest_of(bytes(content))
    assert refusal.value.expected == load_template("mou").digest
    assert "mou/v2" in refusal.value.remedy


@pytest.mark.parametrize("document_type", ["letter", "../mou", "", "clauses"])
def test_unknown_document_type_is_refused(document_type):
    with pytest.raises(TemplateFault, match="no template"):
        load_template(document_type)


def test_unknown_version_names_the_known_ones():
    with pytest.raises(TemplateFault, match="version 9") as refusal:
        load_template("mou", version=9)
    assert refusal.value.expected.startswith("version 1 in en")


@pytest.mark.parametrize(
    "manifest",
    ["", "id = ", 'id = "mou"\nversion = 0', "\udcff", FRENCH],
    ids=["empty", "no TOML", "version 0", "no UTF-8", "unknown language"],
)
def test_unreadable_manifest_is_refused(folder, manifest):
    (folder / "mou" / "v1" / "manifest.toml").write_bytes(manifest.encode("utf-8", "surrogateescape"))
    with pytest.raises(TemplateFault, match="manifest") as refusal:
        load_template("mou", folders=[folder])
    assert refusal.value.where == "mou/v1/manifest.toml"


def test_manifest_of_another_version_is_refused(folder):
    shutil.copytree(folder / "mou" / "v1", folder / "mou" / "v2")
    with pytest.raises(TemplateFault, match="another template") as refusal:
        load_template("mou", folders=[folder])
    assert (refusal.value.got, refusal.value.expected) == ("mou, version 1", "mou, version 2")


def test_edition_is_a_word_file_of_its_own(folder):
    assert {"en", "es", "it", "pt", "en-es", "en-it", "en-pt"} <= set(editions_of("mou", folders=[folder])[1])
    english, spanish = load_template("mou"), load_template("mou", "es")
    assert (spanish.locale, spanish.languages) == ("es-ES", ("es",))
    both = load_template("mou", "en-pt")
    assert (both.locale, both.languages) == ("en-GB", ("en", "pt"))
    assert english.digest != spanish.digest
    with pytest.raises(TemplateFault, match="mou in fr") as refusal:
        load_template("mou", "fr")
    assert "version 1 in en" in refusal.value.expected


def test_newest_version_that_has_the_edition_is_taken(folder):
    second = folder / "mou" / "v2"
    shutil.copytree(folder / "mou" / "v1", second)
    text = (second / "manifest.toml").read_text().replace("version = 1", "version = 2", 1)
    spanish = text.index("[editions.es]")
    (second / "manifest.toml").write_text(text[:spanish] + text[text.index("[", spanish + 1) :])
    assert load_template("mou", folders=[folder]).version == 2
    assert load_template("mou", "es", folders=[folder]).version == 1


def test_versions_of_an_installation_continue_the_count(folder, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(folder / "mou" / "v1", home / "mou" / "v2")
    manifest = home / "mou" / "v2" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace("version = 1", "version = 2", 1))
    folders = (folder, home)
    assert versions_of("mou", folders=folders) == (1, 2)
    newest = load_template("mou", folders=folders)
    assert (newest.version, len(newest.clauses)) == (2, len(load_template("mou").clauses))
    assert load_template("mou", version=1, folders=folders).version == 1


def test_template_carries_the_clauses_it_pins():
    clauses = load_template("mou").clauses
    assert clauses["confidentiality"].sha256 == digest_of(clause_files()["confidentiality"][1].read_bytes())
    assert any(clause.standard == "confidentiality" for clause in clauses.values())


def test_one_changed_letter_of_a_clause_needs_a_new_version(folder):
    path = folder / "clauses" / "confidentiality" / "v1.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("A Party", "a Party", 1), encoding="utf-8")
    with pytest.raises(TemplateFault, match="a clause was changed without a new version") as refusal:
        load_template("mou", folders=[folder])
    assert refusal.value.where == "clauses/confidentiality/v1.toml"
    assert refusal.value.got == digest_of(path.read_bytes())
    assert "mou/v1" in refusal.value.expected


def test_document_types_are_found_without_the_clause_library():
    found = document_types_with_templates()
    assert "mou" in found
    assert "clauses" not in found


@pytest.mark.parametrize("document_type", document_types_with_templates())
def test_every_edition_there_is_can_be_loaded(document_type):
    for version, editions in editions_of(document_type).items():
        for edition in editions:
            assert load_template(document_type, edition, version).edition == edition
