"""What breaks and what keeps the shared rules, on the example data of any document type.

A test of a type takes its cases from :func:`failing` and :func:`passing`, adds those of the type's own rules or puts
them in place of shared ones, and lets :func:`assert_broken` and :func:`assert_kept` judge. A path in a case may count
from the end: ``signatories[-1].id``.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import ValidationError

from schemas.document import Document
from schemas.errors import Fault
from schemas.prose import LANGUAGES
from schemas.rules import partial
from schemas.source import read_source

Data = dict[str, Any]
Change = Callable[[Data], object]
Faults = Callable[[object], tuple[Fault, ...]]

EXAMPLES = Path(__file__).parents[3] / "examples"
STATED = {"status": "stated", "source": "minutes of the board"}
BLANK = {"status": "blank"}


class Broken(NamedTuple):
    """A change that breaks a rule, the place the rule names, and words of its message."""

    change: Change
    path: str
    words: str


def example(name: str) -> Data:
    """Return the fields of an example file, such as ``gssc/mou-czech-cape-verdean-chamber.yaml``."""
    return copy.deepcopy(read_source((EXAMPLES / name).read_bytes(), name=name).content)


def put(*steps: str | int, value: object) -> Change:
    """Return the change that sets one field."""

    def change(data: Data) -> None:
        place: Any = data
        for step in steps[:-1]:
            place = place[step]
        place[steps[-1]] = copy.deepcopy(value)

    return change


def add(*steps: str | int, value: object) -> Change:
    """Return the change that appends to one list."""

    def change(data: Data) -> None:
        place: Any = data
        for step in steps:
            place = place.setdefault(step, []) if isinstance(place, dict) else place[step]
        place.append(copy.deepcopy(value))

    return change


def drop(*steps: str | int) -> Change:
    """Return the change that takes one field or entry away."""

    def change(data: Data) -> None:
        place: Any = data
        for step in steps[:-1]:
            place = place[step]
        place.pop(steps[-1])

    return change


def all_of(*changes: Change) -> Change:
    """Return several changes as one."""
    return lambda data: [change(data) for change in changes]


def nothing(data: Data) -> None:
    """Leave the example as it is."""


def in_all_languages(text: str) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, text)


def clause(subject: str = "general", **particulars: object) -> Data:
    """Return a clause written into the data, in every language."""
    written = {"heading": in_all_languages("Extra"), "paragraphs": [in_all_languages("The Parties say so.")]}
    return {"id": "extra", "subject": subject, **written, **particulars}


def more_signatories(*particulars: Data) -> Change:
    """Return the change that appends signatories of the party that signs last, or of the first party."""

    def change(data: Data) -> None:
        signatories = data.setdefault("signatories", [])
        last = signatories[-1] if signatories else {"party": data["parties"][0]["id"]}
        like = {"party": last["party"], "capacity": last.get("capacity", "own behalf")}
        for number, given in enumerate(particulars):
            signatories.append(
                {
                    "id": f"another-{number}",
                    "name": "Another signatory",
                    "position": "Treasurer",
                    "email": f"another.{number}@example.org",
                    "authority": {"kind": "statute", "reference": "Statutes"},
                    **like,
                    **given,
                }
            )

    return change


def first_signatory(**particulars: object) -> Change:
    """Return the change of the first signatory, who is added where nobody signs."""

    def change(data: Data) -> None:
        if not data.get("signatories"):
            more_signatories({})(data)
        data["signatories"][0] |= copy.deepcopy(particulars)

    return change


def authority(first: str, last: str) -> Change:
    """Return the change of the first signatory's days of authority."""
    days = {"valid_from": first, "valid_to": last}
    return first_signatory(authority={"kind": "power of attorney", "reference": "Mandates", **days})


def represents(*members: Data, announced: object = None, capacity: str = "for a partnership") -> Change:
    """Return the change by which the first party acts for a partnership of ``members``."""

    def change(data: Data) -> None:
        party = data["parties"][0]
        party["acts_for"] = {"partnership": "Partnership of the example", "members": [*copy.deepcopy(members)]}
        if announced is not None:
            party["acts_for"]["announced_countries"] = copy.deepcopy(announced)
        if not any(signatory["party"] == party["id"] for signatory in data.get("signatories", [])):
            more_signatories({"party": party["id"]})(data)
        for signatory in data["signatories"]:
            if signatory["party"] == party["id"]:
                signatory["capacity"] = capacity

    return change


def _represents_nobody(data: Data) -> None:
    represents()(data)
    del data["parties"][0]["acts_for"]


def _joint(data: Data) -> None:
    first_signatory()(data)
    first = data["signatories"][0]
    same = {"party": first["party"], "capacity": first.get("capacity", "own behalf")}
    more_signatories({**same, "jointly_with": [first["id"]]})(data)
    first["jointly_with"] = ["another-0"]


def _jointly_with_oneself(data: Data) -> None:
    first_signatory()(data)
    data["signatories"][0]["jointly_with"] = [data["signatories"][0]["id"]]


def signing(rounds: Callable[[list[str]], list[list[str]]] | None = None, **particulars: object) -> Change:
    """Return the change that says how a document is signed; ``rounds`` makes them from the signatories' ids."""

    def change(data: Data) -> None:
        first_signatory()(data)
        ids = [signatory["id"] for signatory in data["signatories"]]
        data["signing"] = {**particulars, **({"rounds": rounds(ids)} if rounds else {})}

    return change


def _title_in_another_language(data: Data) -> None:
    data["title"] = {next(language for language in LANGUAGES if language != data.get("language", "en")): "Título"}


def forum(use: str | None, *, seat: object = None, settlement: object = None) -> Change:
    """Return the change of the law: which fallback is chosen, the seat of arbitration, how disputes are settled."""

    def change(data: Data) -> None:
        data["choices"] = [] if use is None else [{"clause": "law-and-disputes", "use": use}]
        data["law"] |= {"settlement": settlement or in_all_languages("By talks."), "seat": seat}

    return change


def _one_party_signs_for_all(data: Data) -> None:
    for signatory in data["signatories"]:
        signatory["party"] = data["parties"][0]["id"]


def _all_from(*countries: str) -> Change:
    """Return the change of all parties' countries, in turn."""

    def change(data: Data) -> None:
        for number, party in enumerate(data["parties"]):
            party["country"] = countries[number % len(countries)]

    return change


ITALIAN = {"name": "Second member", "country": "IT", "mandate": "Mandate of the second member"}
CZECH = {"name": "First member", "country": "CZ", "mandate": "Mandate of the first member"}
OBJECTIVE = {"id": "O99", "text": in_all_languages("Another objective")}
CHOICE = {"clause": "confidentiality", "use": "another-confidentiality"}
SAFEGUARD = clause("data transfer", id="data-abroad")
TRANSFERS = {"clause": "data-protection", "use": "data-protection-transfers"}
ARBITRATORS_ADVISE = {
    "en": "An arbitral tribunal advises.",
    "es": "Aconseja un tribunal arbitral.",
    "it": "Consiglia un tribunale arbitrale.",
    "pt": "Aconselha um tribunal arbitral.",
}
SENDS_TO_CAPE_VERDE = all_of(put("personal_data", value=True), put("parties", 0, "country", value="CV"))

FAILING: dict[str, list[Broken]] = {
    "ids_are_unique": [
        Broken(lambda data: data["parties"].append(copy.deepcopy(data["parties"][0])), "parties[-1].id", "used twice"),
        Broken(more_signatories({"id": "twice"}, {"id": "twice"}), "signatories[-1].id", "used twice"),
        Broken(
            all_of(add("project", "objectives", value=OBJECTIVE), add("project", "objectives", value=OBJECTIVE)),
            "project.objectives[-1].id",
            "used twice",
        ),
        Broken(all_of(add("clauses", value=clause()), add("clauses", value=clause())), "clauses[-1].id", "used twice"),
    ],
    "signatories_belong_to_listed_parties": [
        Broken(more_signatories({"party": "nobody"}), "signatories[-1].party", "is no party of this document"),
    ],
    "signatories_are_different_people": [
        Broken(
            more_signatories({"email": "one@example.org"}, {"email": "One@Example.org"}),
            "signatories[-1].email",
            "another-0's address already",
        ),
    ],
    "authority_has_its_days_in_order": [
        Broken(
            authority("2021-05-01", "2021-04-30"),
            "signatories[0].authority.valid_to",
            "power of attorney ends before it begins",
        ),
    ],
    "joint_signatories_all_sign": [
        Broken(
            first_signatory(jointly_with=["somebody"]),
            "signatories[0].jointly_with[0]",
            "is no signatory of this document",
        ),
        Broken(_jointly_with_oneself, "signatories[0].jointly_with[0]", "cannot sign jointly with themselves"),
        Broken(
            all_of(first_signatory(jointly_with=["another-0"]), more_signatories({"party": "nobody"})),
            "signatories[0].jointly_with[0]",
            "another-0 signs for nobody",
        ),
    ],
    "rounds_name_every_signatory_once": [
        Broken(signing(lambda ids: [ids, ["nobody"]]), "signing.rounds[1][0]", "is no signatory of this document"),
        Broken(signing(lambda ids: [ids, ids[:1]]), "signing.rounds[1][0]", "is asked twice"),
        Broken(
            all_of(more_signatories({}, {}), signing(lambda ids: [ids[:-1]])),
            "signing.rounds",
            "another-1 is never asked to sign",
        ),
    ],
    "order_of_signing_is_said_once": [
        Broken(signing(lambda ids: [ids], order="parallel"), "signing.order", "rounds say the order already"),
    ],
    "acting_for_a_partnership_needs_mandates": [
        Broken(
            represents(CZECH, {"name": "Second member", "country": "IT"}),
            "parties[0].acts_for.members[1].mandate",
            "gave no mandate",
        ),
        Broken(represents(CZECH, capacity="own behalf"), "parties[0].acts_for", "nobody signs for Partnership of"),
        Broken(
            all_of(_represents_nobody, more_signatories({"capacity": "for a partnership"})),
            "signatories[-1].capacity",
            "acts for no partnership",
        ),
    ],
    "announced_countries_equal_the_members": [
        Broken(
            represents(CZECH, ITALIAN, announced={"value": 5, **STATED}),
            "parties[0].acts_for.announced_countries",
            "5 countries are announced (minutes of the board), 2 are listed: CZ and IT",
        ),
        Broken(
            represents(CZECH, ITALIAN, {**CZECH, "country": BLANK}, announced=1),
            "parties[0].acts_for.announced_countries",
            "1 countries are announced",
        ),
    ],
    "smes_are_members": [
        Broken(
            put("parties", 0, "membership", value={"member_count": 56, "sme_count": 65, "as_of": "2020-01-01"}),
            "parties[0].membership.sme_count",
            "65 SMEs of 56 members",
        ),
    ],
    "clauses_are_replaced_once": [
        Broken(
            all_of(add("choices", value=CHOICE), add("choices", value=CHOICE)),
            "choices[-1].clause",
            "is chosen for twice",
        ),
        Broken(
            all_of(
                add("choices", value=CHOICE),
                add("clauses", value=clause(replaces="confidentiality")),
            ),
            "clauses[-1].replaces",
            "is replaced already",
        ),
    ],
    "texts_stand_in_the_language": [
        Broken(_title_in_another_language, "title", "the document's language"),
    ],
    "funded_documents_carry_visibility": [
        Broken(
            all_of(put("project", "programme", value="COSME"), put("project", "visibility", value="none")),
            "project.visibility",
            "COSME prescribes",
        ),
        Broken(
            all_of(put("project", "programme", value="ENI CBC Med"), put("project", "visibility", value="cosme-easme")),
            "project.visibility",
            "not of ENI CBC Med",
        ),
    ],
    "every_party_signs": [
        Broken(_one_party_signs_for_all, "parties[-1]", "nobody signs for"),
    ],
    "term_ends_after_it_starts": [
        Broken(put("term", value={"start": "2021-04-27", "end": "2021-04-26"}), "term.end", "ends before it starts"),
    ],
    "consortium_is_large_enough": [
        Broken(
            all_of(put("project", "call_profile", value="escp-4x"), _all_from("CZ", "IT")),
            "parties",
            "in 2 countries (CZ and IT)",
        ),
    ],
    "targets_lie_outside_the_programme": [
        Broken(
            all_of(put("project", "call_profile", value="escp-4i"), put("markets", value=[{"code": "RS"}])),
            "markets[0].code",
            "lies inside the programme's countries",
        ),
    ],
    "personal_data_abroad_is_safeguarded": [
        Broken(
            all_of(SENDS_TO_CAPE_VERDE, put("clauses", value=[])),
            "personal_data",
            "without an adequacy decision",
        ),
    ],
    "forum_is_named_once": [
        Broken(forum("law-and-disputes-arbitration"), "law.seat", "arbitration has a seat"),
        Broken(forum("law-and-disputes-defendant", seat="Madrid"), "law.seat", "no arbitration is agreed"),
        Broken(forum(None, seat="Madrid"), "law.seat", "no arbitration is agreed"),
        *(
            Broken(
                forum("law-and-disputes-defendant", settlement=in_all_languages("By talks.") | {language: text}),
                "law.settlement",
                "names a forum beside the courts at the defendant's seat",
            )
            for language, text in (
                ("en", "The courts of Prague decide."),
                ("en", "The Commercial Tribunal decides."),
                ("es", "Deciden los juzgados de Madrid."),
                ("it", "Decide il Tribunale di Torino."),
                ("pt", "Decidem os tribunais da Praia."),
            )
        ),
        Broken(
            forum("law-and-disputes-arbitration", seat="Madrid", settlement=in_all_languages("The court decides.")),
            "law.settlement",
            "names a forum beside arbitration",
        ),
    ],
}
"""What breaks each shared rule, by the rule's name."""

PASSING: dict[str, list[Change]] = {
    "ids_are_unique": [
        all_of(add("clauses", value=clause()), add("clauses", value=clause(id="other"))),
    ],
    "signatories_belong_to_listed_parties": [nothing],
    "signatories_are_different_people": [more_signatories({"email": "one@example.org"}, {"email": "two@example.org"})],
    "authority_has_its_days_in_order": [authority("2021-05-01", "2021-05-01")],
    "joint_signatories_all_sign": [_joint],
    "rounds_name_every_signatory_once": [
        signing(lambda ids: [ids]),
        signing(lambda ids: [[one] for one in reversed(ids)]),
    ],
    "order_of_signing_is_said_once": [signing(order="parallel"), signing(order="sequential", sign_by="2030-01-31")],
    "acting_for_a_partnership_needs_mandates": [
        represents(CZECH, ITALIAN),
        represents(CZECH, {**ITALIAN, "mandate": BLANK}),
    ],
    "announced_countries_equal_the_members": [
        represents(CZECH, ITALIAN, announced={"value": 2, **STATED}),
        represents(CZECH, {**ITALIAN, "country": BLANK}, announced=5),
    ],
    "smes_are_members": [put("parties", 0, "membership", value=BLANK)],
    "clauses_are_replaced_once": [
        add("choices", value=CHOICE),
        add("clauses", value=clause(replaces="confidentiality")),
    ],
    "texts_stand_in_the_language": [put("title", value=in_all_languages("Title")), nothing],
    "funded_documents_carry_visibility": [
        all_of(put("project", "programme", value="COSME"), put("project", "visibility", value="cosme-easme")),
        all_of(put("project", "programme", value="ENI CBC Med"), put("project", "visibility", value="none")),
        put("project", "programme", value=BLANK),
    ],
    "every_party_signs": [more_signatories({})],
    "term_ends_after_it_starts": [put("term", "end", value=BLANK)],
    "consortium_is_large_enough": [
        all_of(put("project", "call_profile", value="none"), _all_from("CZ")),
        all_of(put("project", "call_profile", value="escp-4x"), _all_from("CZ", "IT", "ES")),
    ],
    "targets_lie_outside_the_programme": [
        all_of(put("project", "call_profile", value="escp-4x"), put("markets", value=[{"code": "RS"}])),
        all_of(put("project", "call_profile", value="escp-4i"), put("markets", value=[{"code": "CV"}])),
    ],
    "personal_data_abroad_is_safeguarded": [
        all_of(SENDS_TO_CAPE_VERDE, add("clauses", value=SAFEGUARD)),
        all_of(SENDS_TO_CAPE_VERDE, put("clauses", value=[]), add("choices", value=TRANSFERS)),
        all_of(SENDS_TO_CAPE_VERDE, put("personal_data", value=False)),
    ],
    "forum_is_named_once": [
        forum("law-and-disputes-arbitration", seat="Madrid"),
        forum("law-and-disputes-arbitration", seat=BLANK),
        forum("law-and-disputes-defendant", settlement=ARBITRATORS_ADVISE),
        forum(None, settlement=in_all_languages("The courts of Prague decide.")),
    ],
}
"""What keeps each shared rule, by the rule's name."""


def failing(model: type[Document], own: Mapping[str, list[Broken]]) -> list[tuple[str, Broken]]:
    """Return what breaks each rule of ``model``: the type's ``own`` cases where it has some, else the shared ones."""
    return [(name, case) for name, cases in _of(model, FAILING, own).items() for case in cases]


def passing(model: type[Document], own: Mapping[str, list[Change]]) -> list[tuple[str, Change]]:
    """Return what keeps each rule of ``model``: the type's ``own`` changes where it has some, else the shared ones."""
    return [(name, change) for name, changes in _of(model, PASSING, own).items() for change in changes]


def _of(model: type[Document], shared: Mapping[str, list[Any]], own: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    names = {rule.__name__ for rule in model.rules}
    return {name: cases for name, cases in {**shared, **own}.items() if name in names or name in own}


def assert_complete(model: type[Document], cases: list[tuple[str, Any]]) -> None:
    """Every rule of ``model`` has a case, no case is of another rule, and each rule says what it asks."""
    assert {name for name, _ in cases} == {rule.__name__ for rule in model.rules}
    assert all((rule.__doc__ or "").endswith(".") for rule in model.rules)


def assert_broken(model: type[Document], data: Data, name: str, case: Broken, faults_of: Faults) -> None:
    """The rule named, the loader and the model itself refuse the changed ``data`` at the place, in the words."""
    case.change(data)
    path = _counted(case.path, data)
    mine = found_by(model, name, data)
    assert [fault for fault in mine if fault.path == path and case.words in fault.message], mine
    reported = [fault for fault in faults_of(data) if fault.path == path and case.words in fault.message]
    assert reported
    assert all(fault.line and fault.column and fault.expected for fault in reported)
    with pytest.raises(ValidationError, match=re.escape(case.words)):
        model.model_validate(data)


def assert_kept(model: type[Document], data: Data, name: str, change: Change, faults_of: Faults) -> None:
    """The changed ``data`` is a document without a fault."""
    change(data)
    assert found_by(model, name, data) == []
    assert faults_of(data) == ()


def found_by(model: type[Document], name: str, data: Data) -> list[Fault]:
    """Return what the rule called ``name`` finds in ``data``, read as loosely as the loader reads it."""
    rule = next(rule for rule in model.rules if rule.__name__ == name)
    return list(rule(partial(model, data)))


def _counted(path: str, data: Data) -> str:
    """Return ``path`` with places counted from the end counted from the start."""
    before, found, after = path.partition("[-1]")
    if not found:
        return path
    place: Any = data
    for step in before.split("."):
        place = place[step]
    return f"{before}[{len(place) - 1}]{after}"
