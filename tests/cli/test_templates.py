from __future__ import annotations

import pytest

from templates.catalog import FOLDER, document_types_with_templates, editions_of, load_template, versions_of
from tests.flows.test_adoption import SENTENCE, template_with
from tests.installation import EXAMPLE, REVIEWER

ADMINISTRATOR = "administrator@example.org"


@pytest.fixture
def word_file(tmp_path, monkeypatch):
    """The template of the memorandum as a lawyer edited it, in the directory where commands run."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mou.docx"
    path.write_bytes(template_with(SENTENCE))
    return path


@pytest.fixture
def administrator(run, tmp_path, monkeypatch):
    """A home with an administrator who acts."""
    monkeypatch.setenv("CONVENIO_HOME", str(tmp_path / "home"))
    run("people", "add", ADMINISTRATOR, "--role", "administrator", "--name", "Administrator")
    monkeypatch.setenv("CONVENIO_AS", ADMINISTRATOR)
    return tmp_path / "home"


def test_every_template_is_listed_with_its_editions(run, tmp_path):
    told = run("templates", "list", "--json").json
    assert {one["type"] for one in told} == set(document_types_with_templates())
    assert {"en", "en-pt"} <= {one["edition"] for one in told if one["type"] == "mou"}
    answer = run("templates", "list")
    assert answer.code == 0
    assert len(answer.out.splitlines()) == len(told) + 1
    assert not (tmp_path / "nowhere").exists()


def test_the_clauses_of_the_library_are_listed(run):
    told = {one["id"]: one for one in run("templates", "list", "--clauses", "--json").json}
    assert told["confidentiality-brief"]["instead_of"] == "confidentiality"
    answer = run("templates", "list", "--clauses")
    assert answer.code == 0
    assert "confidentiality-brief" in answer.out


def test_a_sound_template_is_called_sound(run, word_file):
    answer = run("templates", "check", word_file, "--type", "mou")
    assert (answer.code, answer.err) == (0, "")
    assert str(word_file) in answer.out
    of_a_type = run("templates", "check", "mou", "--json")
    assert of_a_type.code == 0
    editions = editions_of("mou")[1]
    assert list(of_a_type.json) == [load_template("mou", edition).place for edition in editions]


def test_a_faulty_template_is_told_every_fault_with_its_place(run, tmp_path):
    path = tmp_path / "mou.docx"
    path.write_bytes(template_with("{{ purposse }} {{ title | capitall }}"))
    answer = run("templates", "check", path, "--type", "mou")
    assert answer.code == 1
    assert "purposse" in answer.out
    assert "capitall" in answer.out
    (found,) = run("templates", "check", path, "--type", "mou", "--json").json.values()
    assert [one["severity"] for one in found].count("error") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "FILE"], "--type TYPE"),
        (["check", "FILE", "--type", "novel"], "novel"),
        (["check", "FILE", "--type", "mou", "--edition", "xx"], "xx"),
        (["check", "nowhere.docx", "--type", "mou"], "nowhere.docx"),
        (["check", "novel"], "novel"),
        (["fields", "novel"], "novel"),
        (["preview", "FILE", "-o", "x.pdf"], "--type TYPE"),
        (["preview", "FILE", "--type", "mou", "--edition", "xx", "-o", "x.pdf"], "xx"),
        (["preview", "mou", "--edition", "xx", "-o", "x.pdf"], "xx"),
        (["preview", "mou", "--data", "nowhere.yaml", "-o", "x.pdf"], "nowhere.yaml"),
        (["preview", "mou"], "-o"),
    ],
)
def test_what_is_asked_wrongly_is_bad_input(run, word_file, arguments, said):
    answer = run("templates", *(word_file if one == "FILE" else one for one in arguments))
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert not word_file.with_name("x.pdf").exists()


def test_the_fields_of_a_type_are_listed_with_an_example(run):
    answer = run("templates", "fields", "mou")
    assert answer.code == 0
    assert "confidentiality_years" in answer.out
    told = {one["path"]: one for one in run("templates", "fields", "mou", "--json").json}
    assert told["purpose"]["example"]


@pytest.mark.office
def test_a_preview_is_the_pdf_a_reviewer_would_get(run, word_file, tmp_path):
    output = tmp_path / "preview.pdf"
    answer = run("templates", "preview", word_file, "--type", "mou", "--data", EXAMPLE, "-o", output)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"written: {output}\n"
    assert output.read_bytes().startswith(b"%PDF-")


def test_an_edited_file_is_adopted_as_the_next_version(run, administrator, word_file, tmp_path):
    redline = tmp_path / "redline.html"
    answer = run("templates", "adopt", word_file, "--type", "mou", "--redline", redline)
    assert (answer.code, answer.err) == (0, "")
    first, *others = answer.out.splitlines()
    assert first.startswith(f"{word_file} adopted: ")
    assert any("differs from version 1" in line for line in others)
    assert SENTENCE in redline.read_text()
    folders = (FOLDER, administrator / "templates")
    assert versions_of("mou", folders=folders) == (1, 2)
    assert load_template("mou", "en", 2, folders=folders).docx == word_file.read_bytes()
    again = run("templates", "adopt", word_file, "--type", "mou", "--json").json
    assert (again["version"], again["new"]) == (2, False)
    assert {one["version"] for one in run("templates", "list", "--json").json if one["type"] == "mou"} == {1, 2}


def test_an_edition_without_a_version_before_is_adopted_without_a_redline(run, administrator, tmp_path):
    path, redline = tmp_path / "mou.docx", tmp_path / "redline.html"
    path.write_bytes(load_template("mou", "en-pt").docx)
    answer = run("templates", "adopt", path, "--type", "mou", "--edition", "it-pt", "--redline", redline)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith("there is nothing to compare it with\n")
    assert not redline.exists()


def test_clauses_of_a_file_are_those_it_would_be_adopted_with(run, administrator, word_file):
    """The newest version of a clause names what no data has; the version that is pinned does not."""
    clause = administrator / "templates" / "clauses" / "publicity" / "v2.toml"
    clause.parent.mkdir(parents=True)
    text = (FOLDER / "clauses" / "publicity" / "v1.toml").read_text().replace("version = 1", "version = 2")
    clause.write_text(text.replace('\nen = "', '\nen = "{{ nothing_like_it }} '))
    assert run("templates", "check", word_file, "--type", "mou").code == 0
    assert run("templates", "adopt", word_file, "--type", "mou").code == 0
    moved = run("templates", "adopt", word_file, "--type", "mou", "--newest-clauses")
    assert moved.code == 2
    assert "nothing_like_it" in moved.err


@pytest.mark.parametrize("text", ["{{ purposse }}", "[insert]"])
def test_a_faulty_file_is_not_converted(run, administrator, tmp_path, monkeypatch, text):
    monkeypatch.setenv("PATH", "")
    path, output = tmp_path / "mou.docx", tmp_path / "preview.pdf"
    path.write_bytes(template_with(text))
    answer = run("templates", "preview", path, "--type", "mou", "-o", output)
    assert answer.code == 2
    assert text.strip("{ }[]") in answer.err
    assert not output.exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--redline", "redline.pdf"], (2, ".html or .docx")),
        (["--edition", "xx"], (2, "xx")),
        (["--as", REVIEWER], (1, "nobody here")),
    ],
)
def test_what_may_not_be_adopted_leaves_nothing(run, administrator, word_file, options, expected):
    answer = run("templates", "adopt", word_file, "--type", "mou", *options)
    assert (answer.code, answer.out) == (expected[0], "")
    assert expected[1] in answer.err
    assert not (administrator / "templates").exists()


def test_a_faulty_file_is_not_adopted(run, administrator, tmp_path):
    path = tmp_path / "mou.docx"
    path.write_bytes(template_with("{{ purposse }}"))
    answer = run("templates", "adopt", path, "--type", "mou")
    assert answer.code == 2
    assert "purposse" in answer.err
    assert not (administrator / "templates").exists()
