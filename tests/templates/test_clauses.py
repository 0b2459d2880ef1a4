from __future__ import annotations

import tomllib

import pytest

from schemas.clause import Position
from schemas.errors import TemplateFault
from schemas.evidence import digest_of
from templates.clauses import FOLDER, clause_files, fallbacks_of, load_clause

CLAUSE = """
id = "secrecy"
version = 1
subject = "general"
position = "standard"
note = "Look at the years."
[heading]
en = "Secrecy"
es = "Secreto"
[[paragraph]]
en = "Secrets are kept."
es = "Los secretos se guardan."
[[paragraph]]
level = 2
when = "years > 0"
each = "area in areas"
lead.en = "{{ area }}."
lead.es = "{{ area }}."
en = "For {{ years }} years."
es = "Durante {{ years }} años."
"""


@pytest.fixture
def write(tmp_path):
    def write(text=CLAUSE, *, identifier="secrecy", version=1, folder=tmp_path):
        path = folder / "clauses" / identifier / f"v{version}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return folder

    return write


def test_clause_is_read_with_its_languages_levels_and_digest(write):
    clause = load_clause("secrecy", folders=[write()])
    assert (clause.id, clause.version, clause.position, clause.languages) == (
        "secrecy", 1, Position.STANDARD, ("en", "es"),
    )  # fmt: skip
    first, second = clause.paragraphs
    assert (first.level, first.when, first.text["es"]) == (1, None, "Los secretos se guardan.")
    assert (second.level, second.each, second.lead["en"]) == (2, "area in areas", "{{ area }}.")
    assert clause.sha256 == digest_of(CLAUSE.encode())


def test_lines_of_the_file_are_joined_but_other_blanks_stay(write):
    text = CLAUSE.replace('"Secrets are kept."', '"""Secrets\n  are\u00a0kept.\n"""')
    assert load_clause("secrecy", folders=[write(text)]).paragraphs[0].text["en"] == "Secrets are\u00a0kept."


def test_newest_version_is_taken_where_none_is_named(write):
    folder = write()
    write(CLAUSE.replace("version = 1", "version = 10"), version=10)
    assert load_clause("secrecy", folders=[folder]).version == 10
    assert load_clause("secrecy", 1, folders=[folder]).version == 1
    with pytest.raises(TemplateFault, match="no such clause") as refusal:
        load_clause("secrecy", 2, folders=[folder])
    assert refusal.value.expected == "version 1, version 10"


def test_first_folder_that_has_a_version_counts(write, tmp_path):
    write(folder=tmp_path / "a")
    write(CLAUSE.replace("Look at", "Mind"), folder=tmp_path / "b")
    write(CLAUSE.replace("version = 1", "version = 2"), version=2, folder=tmp_path / "b")
    folders = (tmp_path / "a", tmp_path / "b")
    assert load_clause("secrecy", 1, folders=folders).note == "Look at the years."
    assert load_clause("secrecy", folders=folders).version == 2


FAULTS = {
    "no TOML": ("id =", "v1.toml", None),
    "unknown key": (CLAUSE.replace('note = "', 'notes = "'), "v1.toml, notes", None),
    "own digest": (f'sha256 = "{"0" * 64}"\n{CLAUSE}', "v1.toml", "sha256"),
    "another id": (CLAUSE.replace('id = "secrecy"', 'id = "other"'), "v1.toml", "other, version 1"),
    "another version": (CLAUSE.replace("version = 1", "version = 2"), "v1.toml", "secrecy, version 2"),
    "language missing": (CLAUSE.replace('es = "Los secretos se guardan."\n', ""), "v1.toml", "paragraph 1, es"),
    "lead of one language only": (CLAUSE.replace('lead.es = "{{ area }}."\n', ""), "v1.toml", "paragraph 2, es"),
    "unknown language": (CLAUSE.replace('es = "Durante', 'fr = "Durante'), "v1.toml, paragraph 2, fr", None),
    "unknown level": (CLAUSE.replace("level = 2", "level = 3"), "v1.toml, paragraph 2, level", None),
    "empty text": (CLAUSE.replace('"Secrets are kept."', '""'), "v1.toml, paragraph 1, en", None),
    "fallback of nothing": (CLAUSE.replace('"standard"', '"fallback"'), "v1.toml", "what it stands in for"),
    "unknown subject": (CLAUSE.replace('"general"', '"weather"'), "v1.toml, subject", None),
    "character nobody sees": (CLAUSE.replace("Secrets", "Sec\u200brets"), "v1.toml", "U+200B"),
    "character of the renderer": (CLAUSE.replace("Secrets", "Sec\ue003rets"), "v1.toml", "U+E003"),
}


@pytest.mark.parametrize(("text", "where", "got"), FAULTS.values(), ids=FAULTS)
def test_fault_of_a_clause_is_named_with_its_place(write, text, where, got):
    with pytest.raises(TemplateFault) as refusal:
        load_clause("secrecy", folders=[write(text)])
    assert f"clauses/secrecy/{where}" in refusal.value.where
    assert got is None or got in refusal.value.got


def test_every_clause_of_the_library_can_be_read_and_stands_for_one_that_exists():
    files = clause_files()
    assert list(files) == sorted(files)
    library = [load_clause(identifier, version) for identifier, versions in files.items() for version in versions]
    assert {clause.standard for clause in library} - {None} <= {clause.id for clause in library}
    fallbacks = [clause for clause in library if clause.position is Position.FALLBACK]
    assert all(fallback.id in fallbacks_of(fallback.standard, library) for fallback in fallbacks)
    assert fallbacks


def test_standard_and_its_fallback_have_the_same_languages():
    for identifier in clause_files():
        clause = load_clause(identifier)
        if clause.standard is not None:
            assert set(clause.languages) <= set(load_clause(clause.standard).languages), clause.place


def test_digest_is_that_of_the_file():
    path = next(FOLDER.glob("clauses/*/v1.toml"))
    assert load_clause(path.parent.name, 1).sha256 == digest_of(path.read_bytes())
    assert "sha256" not in tomllib.loads(path.read_text(encoding="utf-8"))
