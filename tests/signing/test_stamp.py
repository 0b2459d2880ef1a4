from __future__ import annotations

import math
import re
import subprocess
from datetime import UTC, datetime, timedelta, timezone

import pytest

from schemas.errors import InputError, Refused, Unavailable
from schemas.signature import SigningWay
from signing.fields import FieldPlace
from signing.font import FONTS, font_with
from signing.revision import open_pdf
from signing.stamp import Stamp

NAMES = ["Příliš Žluťoučký", "Γιώργος Παπαδόπουλος", "Щукин Југослав", "Nguyễn Thị Ánh Tuyết", "João Conceição"]


def test_time_is_told_in_utc():
    local = datetime(2026, 1, 2, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert Stamp("Ana", "Chair").text(local).splitlines() == ["Signed by Ana", "Chair", "2026-01-01 23:30:00 UTC"]


def test_demonstration_is_marked():
    text = Stamp("Ana", "Chair", demonstration=True).text(datetime(2026, 1, 2, tzinfo=UTC))
    assert text.endswith("DEMONSTRATION - not for real agreements")


def test_click_and_paper_say_what_they_are_and_who_recorded_them():
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    click = Stamp("Ana", "Chair", way=SigningWay.CLICK, recorded_by="The secretariat").text(moment)
    assert click.splitlines() == [
        "Accepted by click: Ana",
        "Chair",
        "Simple electronic signature, recorded by The",
        "secretariat",
        "2026-01-02 00:00:00 UTC",
    ]
    paper = Stamp("Ana", "Chair", way=SigningWay.PAPER, recorded_by="The secretariat").text(moment)
    assert paper.startswith("Signed on paper: Ana\nChair\nScan compared and recorded by The")
    assert "Signed by" not in click + paper


@pytest.mark.parametrize("way", [SigningWay.PKCS12, SigningWay.CLICK, SigningWay.PAPER])
def test_long_names_are_set_in_seven_points_at_least(desk, approved, way):
    stamp = Stamp(
        "Maria Benedita Nascimento Monteiro",
        "for Jiří Dvořáček, Chair of the Board of the Czech-Cape Verdean Chamber of Commerce",
        way=way,
        recorded_by="Green Small Smart Cities, a partnership of small and green cities",
        demonstration=True,
    )
    room = FieldPlace("gssc", 0, (72, 400, 72 + 206.9, 400 + 68))
    signed = desk.sign(desk.prepare(approved, fields=(room,)), desk.people[0], stamp=stamp)
    drawn = open_pdf(signed).embedded_signatures[-1].sig_field["/AP"]["/N"].get_object().data
    scales = [float(one) for one in re.findall(rb"([\d.]+) 0 0 [\d.]+ [\d.]+ [\d.]+ cm", drawn)]
    size = float(re.search(rb"/F1 ([\d.]+) Tf", drawn)[1])
    assert size * math.prod(scales) >= 7


def test_line_breaks_in_a_name_do_not_break_the_stamp():
    assert Stamp("Ana\nMaria", "Chair").text(datetime(2026, 1, 2, tzinfo=UTC)).startswith("Signed by Ana Maria\n")


@pytest.mark.parametrize("name", NAMES)
def test_some_font_has_every_letter_of_european_and_vietnamese_names(name):
    assert font_with(name).is_file()


def test_letter_without_a_font_is_named():
    with pytest.raises(Refused, match="no installed font") as caught:
        font_with("Signed by \U00013000")
    assert "EGYPTIAN HIEROGLYPH A001" in caught.value.got


def test_missing_fonts_name_the_package_to_install(tmp_path):
    with pytest.raises(Unavailable, match="no font is installed"):
        font_with("Ana", [tmp_path / "none.ttf"])


def test_file_that_is_no_font_is_told(tmp_path):
    path = tmp_path / "font.ttf"
    path.write_bytes(b"not a font")
    with pytest.raises(InputError, match="font cannot be read"):
        font_with("Ana", [path])


@pytest.mark.parametrize("name", NAMES)
def test_name_is_in_the_text_layer_and_its_font_embedded(desk, journey, tmp_path, name):
    path = tmp_path / "signed.pdf"
    path.write_bytes(desk.sign(journey.prepared, desk.people[0], stamp=Stamp(name, "100 % chair", fonts=FONTS)))
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    assert f"Signed by {name}" in text
    assert "100 % chair" in text
    fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts)
