"""Why a finished document may not be archived: every reason has a name that stays, and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ParamSpec

from schemas.errors import ConvenioError, Unavailable
from signing.revision import reading

Arguments = ParamSpec("Arguments")


class GateReason(StrEnum):
    """A reason by its name; ``sentence`` is for people."""

    sentence: str

    def __new__(cls, name: str, sentence: str) -> GateReason:
        """Make the name the value and keep the sentence beside it."""
        member = str.__new__(cls, name)
        member._value_, member.sentence = name, sentence
        return member

    UNREADABLE = ("unreadable", "something in the file cannot be read")
    ENCRYPTED = ("encrypted", "the file is encrypted")
    INFLATED = ("inflated", "a compressed part grows beyond what a document needs")
    NOT_AN_EXTENSION = ("not an extension", "a file does not extend the one before it byte for byte")
    UNCOVERED_BYTES = ("uncovered bytes", "the last mark does not vouch for every byte")
    BYTE_RANGE = ("byte range", "the bytes a mark speaks for are not written the one way they may be")
    OBJECT_TABLE = ("object table", "a revision's table of objects is not one of that revision's objects alone")
    DORMANT_OBJECT = ("dormant object", "a revision holds an object that its table does not name")
    OBJECT_REPLACED = ("object replaced", "a later revision replaces something that a signature may not touch")
    PAGE_CHANGED = ("page changed", "a page was changed, added or removed after preparation")
    APPEARANCE = ("appearance", "a page looks otherwise than before, outside the field that was filled")
    NOT_DRAWABLE = ("not drawable", "the pages cannot be drawn, so nobody can say what they show")
    ACTIVE_CONTENT = ("active content", "something was added that a reader would run or open by itself")
    OPTIONAL_CONTENT = ("optional content", "content was added that can be shown or hidden")
    ANNOTATION_ADDED = ("annotation added", "an annotation was added after preparation")
    FIELD_ADDED = ("field added", "the form has a field that nobody prepared")
    FIELD_MISSING = ("field missing", "the form lacks a field that was prepared")
    FIELD_REPEATED = ("field repeated", "the form has a field twice")
    FIELD_KIND = ("field kind", "the form has a field that is not for a signature")
    FIELD_ALTERED = ("field altered", "a signature field was moved or otherwise altered")
    FOREIGN_CHANGE = ("foreign change", "a signed revision changes more than a signature may")
    FOREIGN_FIELD = ("foreign field", "a signed revision changes another field than the signatory's own")
    INFORMATION = ("document information", "the document information (/Info) is not the approved one")
    METADATA = ("metadata", "the XMP metadata is not the approved one")
    ATTACHMENT_ADDED = ("attachment added", "a file is attached that was not approved")
    ATTACHMENT_MISSING = ("attachment missing", "an approved file is not attached")
    ATTACHMENT_CHANGED = ("attachment changed", "an attached file is not the approved one")
    SIGNATURE_MISSING = ("signature missing", "somebody who has to sign did not")
    SIGNATURE_UNEXPECTED = ("signature unexpected", "there is a mark that nobody expects")
    SIGNING_ORDER = ("signing order", "the marks are not in the order of the procedure")
    ROUND_ORDER = ("round order", "somebody signed before everybody of the round before had")
    OTHER_BASE = ("other base", "a signature was made over another file than the one on record")
    OTHER_CERTIFICATE = ("other certificate", "a signature is by another certificate than the ledger has")
    WAY_NOT_ACCEPTED = ("way not accepted", "somebody signed in a way that the policy does not accept")
    RECORD_MISSING = ("record missing", "a seal stands for a person without the record that the ledger has")
    OTHER_EFFECT = ("other effect", "what a signature legally is differs from what the ledger says")
    NOT_CERTIFIED = ("not certified", "the opening seal does not certify the document for signing alone")
    NOT_CLOSED = ("not closed", "the closing seal does not lock the document")
    LAST_MARK = ("last mark", "the last mark is not the one that the policy's level asks for")
    NOT_VALID = ("not valid", "a mark does not validate")
    FINDING = ("finding", "validation found a fault")
    LEVEL = ("level", "a signature does not reach the level that the policy asks for")
    SEALS_UNKNOWN = ("seals unknown", "it is not known which certificates the organisation seals with")
    TIME_ORDER = ("time order", "the times of the marks do not follow their order")


@dataclass(frozen=True)
class Objection:
    """A reason in one document: ``detail`` says where and what was found."""

    reason: GateReason
    detail: str

    def __str__(self) -> str:
        return f"{self.reason.sentence}: {self.detail}"


def gathered(
    checks: Iterable[Callable[Arguments, Iterator[Objection]]], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> list[Objection]:
    """Return the objections of every check, each once; a check that cannot read objects.

    Raises :class:`Unavailable` only: whatever else a check meets speaks against the document.
    """
    found: list[Objection] = []
    for check in checks:
        try:
            with reading("the document"):
                found.extend(check(*args, **kwargs))
        except Unavailable:
            raise
        except ConvenioError as fault:
            found.append(Objection(GateReason.UNREADABLE, f"{fault.what} ({fault.got})" if fault.got else fault.what))
    return list(dict.fromkeys(found))
