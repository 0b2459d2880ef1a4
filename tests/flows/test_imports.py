from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from openpyxl import Workbook

from flows.form_starts import example_named
from flows.imports import LARGEST_BYTES, imported
from schemas.documents import data_bytes, model_of
from schemas.errors import InputError
from schemas.fields import document_part, explicit
from tests.installation import EXAMPLE

WHOLE = document_part(model_of("mou"))
CONTENT = explicit(WHOLE, example_named(f"gssc/{EXAMPLE.stem}"))
DATA = data_bytes(model_of("mou").model_validate(CONTENT))


def cells(content, path=""):
    """Every value with its path, as a table has it."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from cells(value, f"{path}.{name}" if path else name)
    elif isinstance(content, list) and content and all(isinstance(one, str) for one in content):
        yield path, "\n".join(content)
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from cells(value, f"{path}[{index}]")
    else:
        yield path, str(content).lower() if isinstance(content, bool) else str(content)


def as_csv(rows, delimiter=","):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([("path", "value"), *rows])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(sheets):
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def repacked(content, change=lambda name, part: part, **more):
    """The same zip with some of its parts changed, and others added."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, part in more.items():
            new.writestr(name, part)
    return packed.getvalue()


def said(error):
    return "\n".join([str(error.value), *(str(fault) for fault in error.value.faults)])


def is_the_example(found):
    document_type, content = found
    return document_type == "mou" and data_bytes(model_of("mou").model_validate({**content, "type": "mou"})) == DATA


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_a_csv_table_says_what_the_yaml_file_says(delimiter):
    assert is_the_example(imported("data.csv", as_csv(cells(CONTENT), delimiter)))


def test_yaml_and_json_are_read_as_they_are():
    assert is_the_example(imported("data.yaml", EXAMPLE.read_bytes()))
    assert is_the_example(imported("data.JSON", json.dumps(CONTENT).encode()))


def test_a_workbook_has_a_sheet_for_each_list():
    lists = {name: value for name, value in CONTENT.items() if isinstance(value, list) and isinstance(value[0], dict)}
    sheets = {"Document": [("path", "value"), *cells({k: v for k, v in CONTENT.items() if k not in lists})]}
    for name, rows in lists.items():
        table = [dict(cells(row)) for row in rows]
        heads = list(dict.fromkeys(head for row in table for head in row))
        sheets[name] = [heads, *([row.get(head) for head in heads] for row in table)]
    assert is_the_example(imported("data.xlsx", as_xlsx(sheets)))


def test_a_workbook_writes_numbers_and_days_as_excel_does():
    from datetime import date

    rows = [
        ("path", "value"),
        ("type", "mou"),
        ("notice_days", 30.0),
        ("term.start", date(2027, 4, 27)),
        ("own_costs", True),
    ]
    _, content = imported("data.xlsx", as_xlsx({"document": rows}))
    assert content == {"notice_days": 30, "term": {"start": {"value": "2027-04-27"}}, "own_costs": True}


def test_what_is_faulty_is_taken_over_and_what_no_form_could_show_is_refused():
    document_type, content = imported("data.yaml", b"type: mou\nnotice_days: a month\nparties: [{country: Atlantis}]\n")
    assert (document_type, content) == ("mou", {"notice_days": "a month", "parties": [{"country": "Atlantis"}]})
    with pytest.raises(InputError, match="what a form cannot show") as error:
        imported("data.yaml", b"type: mou\nnotice_day: 30\nparties: {a: b}\ntitle: [x]\nterm: soon\n")
    assert "notice_day: is not a field here; did you mean notice_days?" in said(error)
    assert "parties: is not a list" in said(error)
    assert "title: is not one value" in said(error)
    assert "term: holds no fields" in said(error)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.docx", b"x", "this kind of file is not read"),
        ("a", b"x", "this kind of file is not read"),
        ("a.yaml", b"", "no file was chosen, or it is empty"),
        ("a.yaml", b"- 1\n", "holds no fields"),
        ("a.yaml", b"title: x\n", "does not say what it is"),
        ("a.yaml", b"type: mu\n", "did you mean mou?"),
        ("a.yaml", b"a: &x [1]\nb: *x\n", "anchors and aliases are not accepted"),
        ("a.json", b"[" * 100_000, "nested"),
        ("a.csv", b"\xff\xfe", "is not UTF-8"),
        ("a.csv", b"one,two\nx,y\n", "begins with other columns"),
        ("a.csv", b"path,value\nnotice_days,3\n", "does not say what it is"),
        ("a.csv", b"path,value\ntype,mou\nnothing,3\n", "is no field of this type"),
        ("a.csv", b"path,value\ntype,mou\nparties,3\n", "is no field of this type"),
        ("a.csv", b"path,value\ntype,mou\nparties[999].id,3\n", "is no path"),
        ("a.csv", b"path,value\ntype,mou\n__class__,3\n", "is no field of this type"),
        ("a.csv", b"path,value\ntype,mou\n=1+1,3\n", "is no path"),
        ("a.csv", b'path,value\ntype,"mou\n', "is no CSV table"),
        ("a.csv", b"path,value\ntype,mou\n", "the table is empty"),
        ("a.xlsx", b"PK\x03\x04 and no zip", "cannot be taken in"),
        ("a.xlsx", b"path,value\n", "the file is not an XLSX"),
        ("a.csv", b"x" * (LARGEST_BYTES + 1), "the file is too large"),
        ("a.csv", b"path,value\n" + b"a,b\n" * 20_001, "too many cells"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_file_that_is_none_of_these_is_refused(name, content, reason):
    with pytest.raises(InputError) as error:
        imported(name, content)
    assert reason in said(error)


def test_a_file_that_cannot_be_read_is_called_as_its_owner_calls_it():
    with pytest.raises(InputError, match=r"^memorandum of May\.yaml cannot be read"):
        imported("C:\\papers\\memorandum of May.yaml", b"title: [\n")
    with pytest.raises(InputError, match="at most 5 MB"):
        imported("a.csv", b"x" * (LARGEST_BYTES + 1))


PLAIN = as_xlsx({"document": [("path", "value"), ("type", "mou"), ("notice_days", 30)]})


def a_bomb():
    return repacked(PLAIN, **{"xl/media/image1.png": b"\0" * 30_000_000})


def with_a_document_type(name, part):
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    return bomb + part.partition(b"?>")[2] if name == "xl/workbook.xml" else part


def leading_out(name, part):
    link = (
        b'<Relationship Id="rId99" Type="x" Target="https://elsewhere.example/" TargetMode="External"/></Relationships>'
    )
    return part.replace(b"</Relationships>", link) if name.endswith("workbook.xml.rels") else part


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda: repacked(PLAIN, **{"xl/vbaProject.bin": b"macro"}), "does not belong into plain data"),
        (lambda: repacked(PLAIN, **{"xl/embeddings/oleObject1.bin": b"x"}), "does not belong into plain data"),
        (lambda: repacked(PLAIN, **{"xl/externalLinks/externalLink1.xml": b"<a/>"}), "does not belong into plain data"),
        (lambda: repacked(PLAIN, lambda _, part: part.replace(b"sheet.main+xml", b"sheet.macroEnabled.main+xml")),
         "no plain Excel workbook"),
        (lambda: repacked(PLAIN, with_a_document_type), "a document type (DTD)"),
        (lambda: repacked(PLAIN, leading_out), "leads out of the file"),
        (a_bomb, "unpacks to too much"),
        (lambda: as_xlsx({"document": [("path", "value"), ("notice_days", "=1+2")]}), "holds a formula"),
        (lambda: as_xlsx({"document": [("path", "value"), ("type", "mou")], "partys": [("id",), ("a",)]}),
         "did you mean parties?"),
        (lambda: as_xlsx({"document": [("path", "value")] + [("type", "mou")] * 2001}), "is too long"),
        (lambda: as_xlsx({f"s{number}": [("a",)] for number in range(61)}), "too many sheets"),
        (lambda: repacked(PLAIN, lambda _, part: part.replace(b'r="A1"', b'r="?"')), "cannot be read"),
    ],
    ids=["macro", "object", "link", "xlsm", "dtd", "outside", "bomb", "formula", "sheet", "long", "sheets", "broken"],
)  # fmt: skip
def test_a_hostile_or_odd_workbook_is_refused_by_name(content, reason):
    with pytest.raises(InputError) as error:
        imported("data.xlsx", content())
    assert reason in said(error)


def test_a_plain_workbook_is_read():
    assert imported("data.xlsx", PLAIN) == ("mou", {"notice_days": 30})
    assert imported("data.xlsx", repacked(PLAIN, **{"xl/printerSettings/printerSettings1.bin": b"x"}))[0] == "mou"
