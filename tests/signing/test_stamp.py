from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta, timezone

import pytest

from schemas.errors import InputError, Refused, Unavailable
from schemas.signature import SigningWay
from signing.font import FONTS, font_with
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
        "Accepted by Ana",
        "Simple electronic signature, recorded by The",
        "secretariat",
        "Chair",
        "2026-01-02 00:00:00 UTC",
    ]
    paper = Stamp("Ana", "Chair", way=SigningWay.PAPER, recorded_by="The secretariat").text(moment)
    assert paper.startswith("Ana\nSigned on paper; scan checked. Recorded by\nThe secretariat\n")
    assert "Signed by" not in click + paper


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
