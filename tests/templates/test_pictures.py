from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from lxml import etree

from schemas.errors import TemplateFault
from schemas.evidence import digest_of
from schemas.schedule import Bar
from schemas.text import Model
from templates.gantt import height_of
from templates.render import render

A = "http://schemas.openxmlformats.org/drawingml/2006/main"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
PICTURE = (
    '<w:p><w:r><w:drawing><wp:inline><wp:extent cx="2000000" cy="200"/>'
    '<wp:docPr id="1" name="{}" descr="Timetable of {{{{ title }}}}"/>'
    f'<a:graphic xmlns:a="{A}"><a:blip r:embed="rId1"/><a:xfrm><a:ext cx="2000000" cy="200"/></a:xfrm>'
    "</a:graphic></wp:inline></w:drawing></w:r></w:p>"
).format
SECTION = (
    '<w:p><w:pPr><w:sectPr><w:pgSz w:w="16838" w:h="11906"/>'
    '<w:pgMar w:top="1700" w:bottom="1300" w:left="1500" w:right="1500"/></w:sectPr></w:pPr></w:p>'
)
WIDTH = (16838 - 3000) * 635


class Plan(Model):
    title: str = "work"
    rows: int = 5

    @property
    def schedule(self) -> tuple[Bar, ...]:
        return tuple(
            Bar(id=f"A{number}", label="Study", start=date(2020, 9, 1), end=date(2020, 12, 31))
            for number in range(self.rows)
        )


def drafted(template, data=None):
    docx = render(template, data or Plan(), agreement_id="M", draft=1, data_digest=digest_of(b""))
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        return {name: package.read(name) for name in package.namelist()}


def drawings(parts):
    return list(etree.fromstring(parts["word/document.xml"]).iter("{*}inline"))


def test_known_picture_is_drawn_as_wide_as_the_text_of_its_page_and_as_high_as_its_rows(raw_template):
    parts = drafted(raw_template(PICTURE("Gantt chart") + SECTION))
    (drawing,) = drawings(parts)
    sizes = [drawing.find("{*}extent"), drawing.find(".//{*}ext")]
    assert [(size.get("cx"), size.get("cy")) for size in sizes] == [(str(WIDTH), str(height_of(5)))] * 2
    assert drawing.find("{*}docPr").get("descr") == "Timetable of work"
    relations = etree.fromstring(parts["word/_rels/document.xml.rels"])
    targets = {relation.get("Id"): relation.get("Target") for relation in relations}
    target = targets[drawing.find(".//{*}blip").get(f"{RELATION}embed")]
    assert parts[f"word/{target}"].startswith(b"\x89PNG")
    assert b'Extension="png"' in parts["[Content_Types].xml"]


def test_same_data_gives_the_same_file(raw_template):
    template = raw_template(PICTURE("Gantt chart") + SECTION)
    assert drafted(template) == drafted(template)


def test_rows_that_do_not_fit_go_on_in_a_further_picture(raw_template):
    parts = drafted(raw_template(PICTURE("Gantt chart") + SECTION), Plan(rows=60))
    placed = drawings(parts)
    assert len(placed) == 3
    heights = {int(drawing.find("{*}extent").get("cy")) for drawing in placed}
    assert heights == {height_of(20)}
    assert max(heights) < (11906 - 3000) * 635
    embedded = [drawing.find(".//{*}blip").get(f"{RELATION}embed") for drawing in placed]
    assert len(set(embedded)) == 3
    numbers = [drawing.find("{*}docPr").get("id") for drawing in placed]
    assert len(set(numbers)) == 3


def test_width_in_a_cell_stays_as_the_author_drew_it(raw_template):
    cell = f"<w:tbl><w:tblGrid><w:gridCol/></w:tblGrid><w:tr><w:tc>{PICTURE('Gantt chart')}</w:tc></w:tr></w:tbl>"
    (drawing,) = drawings(drafted(raw_template(cell + SECTION)))
    assert drawing.find("{*}extent").get("cx") == "2000000"


def test_other_pictures_stay_as_they_are(raw_template):
    parts = drafted(raw_template(PICTURE("Logo") + SECTION))
    (drawing,) = drawings(parts)
    assert drawing.find(".//{*}blip").get(f"{RELATION}embed") == "rId1"
    assert not any(name.startswith("word/media/") for name in parts)


def test_picture_without_anything_to_draw_is_refused(raw_template):
    with pytest.raises(TemplateFault, match="nothing to draw") as refusal:
        drafted(raw_template(PICTURE("Gantt chart") + SECTION), Plan(rows=0))
    assert refusal.value.where == "word/document.xml, picture Gantt chart"


def test_picture_inside_a_condition_that_does_not_hold_is_not_drawn(raw_template):
    condition = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>".format
    body = condition("{%p if schedule %}") + PICTURE("Gantt chart") + condition("{%p endif %}") + SECTION
    assert drawings(drafted(raw_template(body), Plan(rows=0))) == []
