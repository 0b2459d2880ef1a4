"""What the pages of a review say: offices, reasons of a risk, why somebody cannot approve, what became of a clause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flows.review import Obstacle
from flows.risk import Level, Reason
from portal.form_faults import called
from portal.language import Language
from schemas.clause import Position
from schemas.people import Office
from schemas.state import AgreementState
from templates.redlines.clause_redline import Kind
from templates.redlines.outline import Region
from templates.redlines.redline import Change


def office(language: Language, which: Office) -> str:
    """Return what an office is called."""
    return {
        Office.LEGAL: language.say("Legal"),
        Office.FINANCE: language.say("Finance"),
        Office.DIRECTOR: language.say("the Director"),
    }[which]


def offices(language: Language, which: Iterable[Office]) -> str:
    """Return the names of several offices as one text."""
    return ", ".join(office(language, one) for one in which)


def level(language: Language, which: Level) -> str:
    """Return how closely to look."""
    return {
        Level.LOW: language.say("Low risk"),
        Level.MEDIUM: language.say("Medium risk"),
        Level.HIGH: language.say("High risk"),
    }[which]


def reasons(language: Language, found: Mapping[Reason, int]) -> list[str]:
    """Return the reasons of a risk in words, in their order."""
    say = language.say
    words = {
        Reason.EDITED: say("the text was edited by hand"),
        Reason.OWN_CLAUSES: say("clauses written for this document: %(count)s"),
        Reason.FALLBACKS: say("clauses that use a fallback: %(count)s"),
        Reason.OPEN_FACTS: say("facts nobody confirmed: %(count)s"),
        Reason.MONEY: say("it is about money, liability or intellectual property"),
        Reason.LARGE_SUMS: say("sums of 100,000 or more: %(count)s"),
        Reason.PERSONAL_DATA: say("personal data passes between the parties"),
        Reason.DATA_ABROAD: say("personal data may go to countries without adequate protection: %(count)s"),
        Reason.PARTIES: say("parties: %(count)s"),
    }
    return [words[reason] % {"count": count} for reason, count in found.items()]


def obstacle(language: Language, why: Obstacle | None, state: AgreementState) -> str | None:
    """Return why somebody cannot approve a draft now, and what to do about it."""
    if why is None:
        return None
    say, draft = language.say, state.draft
    return {
        Obstacle.NOT_IN_REVIEW: say("Nobody decides about draft %(draft)s now.", draft=draft),
        Obstacle.AUTHOR: say(
            "You are one of the authors of draft %(draft)s, so somebody else has to approve it.", draft=draft
        ),
        Obstacle.APPROVED_IT: say(
            "You have approved draft %(draft)s. Another person has to approve it for %(offices)s.",
            draft=draft,
            offices=offices(language, state.missing_offices),
        ),
        Obstacle.NO_OFFICE: say(
            "Draft %(draft)s waits for %(offices)s, and you do not approve for that office.",
            draft=draft,
            offices=offices(language, state.missing_offices),
        ),
        Obstacle.OPEN_FACTS: say(
            "Nobody can approve draft %(draft)s yet: its manager has to confirm or replace facts first "
            "(%(count)s are open).",
            draft=draft,
            count=len(state.open_facts),
        ),
    }[why]


def field(language: Language, change: Change) -> str:
    """Return the way to a field that differs, ``Party 2, country``; of an item that is gone by its earlier number."""
    if change.place is None:
        return language.say("%(field)s (earlier draft)", field=called(language, change.place_before or ""))
    return called(language, change.place)


def kind(language: Language, which: Kind) -> str:
    """Return what became of a clause."""
    return {
        Kind.UNCHANGED: language.say("Same words"),
        Kind.CHANGED: language.say("Changed"),
        Kind.MOVED: language.say("Moved"),
        Kind.MOVED_AND_CHANGED: language.say("Moved and changed"),
        Kind.ADDED: language.say("New"),
        Kind.REMOVED: language.say("Removed"),
    }[which]


def position(language: Language, which: Position) -> str:
    """Return how a clause stands to the library."""
    return {
        Position.STANDARD: language.say("Standard"),
        Position.FALLBACK: language.say("Fallback"),
        Position.DEVIATION: language.say("Written for this document"),
    }[which]


def region(language: Language, which: Region) -> str:
    """Return what a part of a document without a heading is called."""
    return {
        Region.CLAUSE: language.say("Without a heading"),
        Region.OPENING: language.say("Cover"),
        Region.NOTES: language.say("Footnotes and endnotes"),
        Region.MARGINS: language.say("Headers and footers"),
    }[which]
