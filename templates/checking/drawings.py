"""The pictures of a template that the product looks for: the rooms for signatures, and those drawn from the data."""

from __future__ import annotations

import re
from collections.abc import Iterable

from schemas.document import Document
from templates.checking.findings import Findings, Place
from templates.checking.numbering import Numbering
from templates.checking.parts import TextPart
from templates.pictures import DRAWING, GANTT
from templates.view import usable_names

ROOM = re.compile(r"\(signatory \{\{ *[\w.\[\]]+\.id *\}\}\)\s*\Z")
"""How the description of a room for a signature ends, before it is filled (:mod:`templates.locate`)."""
MEANT_AS_ROOM = re.compile(r"room for (a|the) signature|\(signatory", re.IGNORECASE)
DESCRIPTION = "Room for the signature of {{ signatory.name|plain }} (signatory {{ signatory.id }})"


def check_drawings(parts: Iterable[TextPart], model: type[Document], findings: Findings) -> None:
    """Say where a signature would find no room, and where a picture is to be drawn that the data does not have."""
    rooms = 0
    for part in parts:
        numbering = Numbering(part.label, part.root)
        for drawing in part.root.iter(f"{DRAWING}docPr"):
            name, description = str(drawing.get("name")), str(drawing.get("descr"))
            place = numbering.place(drawing, description)
            if ROOM.search(description):
                rooms += 1
            elif MEANT_AS_ROOM.search(name) or MEANT_AS_ROOM.search(description):
                findings.error(
                    place, "the picture does not say whose signature it has room for", got=description,
                    expected="a description that names the signatory", proposal=DESCRIPTION,
                )  # fmt: skip
            if name == GANTT and "schedule" not in usable_names(model):
                findings.error(place, "this document has no schedule to draw", got=name)
    if not rooms and model.model_fields["signatories"].is_required():
        findings.error(
            Place("body"), "there is no room for signatures", expected=f"a picture with the description {DESCRIPTION}"
        )
