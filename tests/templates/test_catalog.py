from __future__ import annotations

import shutil

import pytest

from schemas.errors import TemplateFault
from schemas.evidence import digest_of
from templates.catalog import FOLDER, load_template, versions_of


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(FOLDER / "mou", tmp_path / "mou")
    return tmp_path


def test_newest_version_is_taken_where_none_is_named(folder):
    shutil.copytree(folder / "mou" / "v1", folder / "mou" / "v2")
    manifest = folder / "mou" / "v2" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace("version = 1", "version = 2"))
    assert versions_of("mou", folder=folder) == (1, 2)
    assert load_template("mou", folder=folder).version == 2
    assert load_template("mou", 1, folder=folder).version == 1


def test_template_carries_the_digest_of_its_file():
    template = load_template("mou")
    assert template.digest == digest_of(template.docx)
    assert (template.document_type, template.language) == ("mou", "en-GB")


def test_one_changed_byte_needs_a_new_version(folder):
    path = folder / "mou" / "v1" / "template.docx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(TemplateFault, match="changed without a new version") as refusal:
        load_template("mou", folder=folder)
    assert refusal.value.got == digest_of(bytes(content))
    assert refusal.value.expected == load_template("mou").digest
    assert "mou/v2" in refusal.value.remedy


@pytest.mark.parametrize("document_type", ["roadmap", "../mou", ""])
def test_unknown_document_type_is_refused(document_type):
    with pytest.raises(TemplateFault, match="no template"):
        load_template(document_type)


def test_unknown_version_names_the_known_ones():
    with pytest.raises(TemplateFault, match="version 9") as refusal:
        load_template("mou", 9)
    assert refusal.value.expected == "version 1"


@pytest.mark.parametrize(
    "manifest", ["", "id = ", 'id = "mou"\nversion = 0', "\udcff"], ids=["empty", "no TOML", "version 0", "no UTF-8"]
)
def test_unreadable_manifest_is_refused(folder, manifest):
    (folder / "mou" / "v1" / "manifest.toml").write_bytes(manifest.encode("utf-8", "surrogateescape"))
    with pytest.raises(TemplateFault, match="manifest") as refusal:
        load_template("mou", folder=folder)
    assert refusal.value.where == "mou/v1/manifest.toml"


def test_manifest_of_another_version_is_refused(folder):
    shutil.copytree(folder / "mou" / "v1", folder / "mou" / "v2")
    with pytest.raises(TemplateFault, match="another template") as refusal:
        load_template("mou", folder=folder)
    assert (refusal.value.got, refusal.value.expected) == ("mou, version 1", "mou, version 2")
