"""What messages say: what happened in the same words for everybody, and what there is to do for whom who reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flows.notices import DelegationEvent, Reader, delegate_of
from schemas import events as ev
from schemas.state import AgreementState

NOTHING_TO_DO = "You need do nothing."
OR = "or on the command line:"


@dataclass(frozen=True)
class Act:
    """An act that people are told of: where the agreement stood before, and the names of those in it.

    ``who`` acted and ``reason`` is theirs; ``name_of`` gives a signatory's name by id; ``delegate`` is the name of whom
    a delegation is about, ``named_as`` the one that the signatory gave them, unless erased. ``portal`` is its address.
    """

    before: AgreementState
    event: ev.Event
    who: str
    reason: str
    name_of: Callable[[str], str]
    delegate: str
    named_as: str | None
    portal: str


@dataclass(frozen=True)
class Words:
    """What a message says: its subject, and its paragraphs."""

    subject: str
    body: str


def words(act: Act, reader: Reader) -> Words:
    """Return the message about ``act`` for ``reader``."""
    act = _as_told(act, reader)
    subject, happened = _happened(act)
    agreement = act.before.agreement
    page = _page(act, f"/documents/{agreement}/timeline") if reader.reads_all else ""
    everything = f"Everything that happened:\n{page}  convenio timeline {agreement}"
    paragraphs = (act.before.title, happened, _to_do(act, reader), everything)
    return Words(f"{agreement} {subject}", "\n\n".join(paragraphs) + "\n")


def _as_told(act: Act, reader: Reader) -> Act:
    """Return ``act`` with the delegate called as ``reader`` is to know them.

    Until the legal office has confirmed the delegation, the signatory hears the name they gave, and the office both.
    """
    if not isinstance(act.event, ev.Delegated | ev.DelegationRevoked):
        return act
    standing = act.before.delegation_of(act.event.signatory)
    if isinstance(act.event, ev.DelegationRevoked) and standing is not None and standing.confirmed:
        return act
    if reader.signs_as == act.event.signatory:
        return replace(act, delegate=act.named_as or act.delegate)
    if reader.of_legal_office and act.named_as not in {None, act.delegate}:
        return replace(act, delegate=f"{act.delegate} (named as {act.named_as})")
    return act


def _happened(act: Act) -> tuple[str, str]:
    before, event, who, reason = act.before, act.event, act.who, act.reason
    match event:
        case ev.Returned():
            return "was returned", f"{who} returned draft {event.draft}: {reason}"
        case ev.Rejected():
            return "was rejected", f"{who} rejected draft {event.draft}: {reason}\n\nThe agreement has ended."
        case ev.Revised():
            return "has a new draft: what was signed is void", _voided(act, event)
        case ev.Withdrawn():
            return "was withdrawn", f"{who} withdrew the agreement: {reason}\n\n{_nothing_binds(before)}"
        case ev.Declined():
            place = act.name_of(event.signatory)
            said = f"{who} declined to sign" if who == place else f"{who} declined to sign for {place}"
            return "was declined", f"{said}: {reason}\n\n{_nothing_binds(before)}"
        case ev.Lapsed():
            day = f"{event.sign_by:%d %B %Y}"
            return "has lapsed", f"Not everybody had signed by {day}, the last day to sign.\n\n{_nothing_binds(before)}"
        case ev.Extended():
            day = f"{event.sign_by:%d %B %Y}"
            return f"can be signed until {day}", f"{who} moved the last day to sign to {day}: {reason}"
        case ev.Delegated():
            place = act.name_of(event.signatory)
            said = f"{act.delegate} is to sign for {place}, who named them: {reason}"
            return "has a delegation to be confirmed", f"{said}\n\nA reviewer of the legal office has to confirm it."
        case ev.DelegationConfirmed():
            place = act.name_of(event.signatory)
            said = f"{act.delegate} signs for {place}: {who} confirmed it for the legal office."
            return "has a delegate", said
        case ev.DelegationRevoked():
            said = f"{act.delegate} does not sign for {act.name_of(event.signatory)}, who took the delegation back"
            return "has a delegation that was taken back", f"{said}: {reason}"
        case ev.Deposited():
            said = f"Everybody has signed, and the document is in the archive (SHA-256 {event.receipt.sha256})."
            return "is archived", said
    raise ValueError(f"nobody is told of {event.type}")


def _to_do(act: Act, reader: Reader) -> str:
    before, event = act.before, act.event
    agreement = before.agreement
    match event:
        case ev.Returned() if reader.is_manager and reader.person in before.authors:
            revise = f"convenio revise {agreement} FILE --draft {event.draft} --as {reader.email}"
            page = _page(act, f"/documents/{agreement}/amend")
            return f"Answer with changed data, which makes the next draft:\n{page}  {revise}"
        case ev.Returned():
            return NOTHING_TO_DO
        case ev.Revised():
            return f"{NOTHING_TO_DO} Whoever is to sign the new draft is asked once it is approved."
        case ev.Extended():
            return "Whoever was asked to sign and has not yet can do so until the end of that day."
        case ev.Deposited():
            read = f"Read what was signed:\n  {act.portal}/documents/{agreement}\n\n" if reader.reads_all else ""
            fetch = f"Fetch the dossier, with all evidence:\n  convenio dossier {agreement} -o {agreement}.zip"
            link = "If you signed by a link, it now shows the sealed copy and the dossier.\n\n"
            return read + link + fetch if reader.signs_as else read + fetch
        case ev.Rejected() | ev.Withdrawn() | ev.Declined() | ev.Lapsed():
            if not reader.is_manager:
                return f"{NOTHING_TO_DO} Another attempt begins with a new document of a manager."
            new = f"{_page(act, '/documents/new')}  convenio new FILE --as {reader.email}"
            return f"{NOTHING_TO_DO} Another attempt begins with a new document:\n{new}"
    if isinstance(event, DelegationEvent):
        return _to_do_about_delegation(act, event, reader)
    raise ValueError(f"nobody is told of {event.type}")


def _to_do_about_delegation(act: Act, event: DelegationEvent, reader: Reader) -> str:
    before, agreement = act.before, act.before.agreement
    is_principal, is_delegate = reader.signs_as == event.signatory, reader.person == delegate_of(before, event)
    revoke = f"convenio delegation revoke {agreement} --as {reader.email} --comment WHY"
    match event:
        case ev.Delegated() if is_principal:
            until = "Until it is confirmed you can sign yourself. You can take it back by the link you were sent,"
            return f"{until} {OR}\n  {revoke}"
        case ev.Delegated() if is_delegate:
            return f"{NOTHING_TO_DO} When it is confirmed and your turn comes, you are asked by another mail."
        case ev.Delegated() if reader.of_legal_office and reader.person not in before.authors:
            return (
                f"Look at the evidence of authority (SHA-256 {event.authority}):\n"
                f"{_page(act, f'/delegations/{agreement}/{event.signatory}')}"
                f"  convenio delegation evidence {agreement} --for {event.signatory} -o FILE\n"
                f"Where it suffices, confirm it; nobody else of your office has to:\n"
                f"  convenio delegation confirm {agreement} --for {event.signatory} --as {reader.email}"
            )
        case ev.DelegationConfirmed() if is_principal:
            until = f"You cannot sign yourself now. Until {act.delegate} has signed, you can take it back"
            return f"{until}, with an account in the portal:\n{_page(act, f'/sign/{agreement}')}  {revoke}"
        case ev.DelegationConfirmed() if is_delegate:
            return "When it is your turn, you are asked to sign by another mail."
        case ev.DelegationRevoked() if is_principal:
            given = before.delegation_of(event.signatory)
            if given is not None and given.confirmed:
                return "You sign yourself: when it is your turn, you are asked by another mail."
            return "You sign yourself, as you were asked or will be when it is your turn."
        case ev.DelegationRevoked() if is_delegate:
            return f"{NOTHING_TO_DO} What was sent to you to sign with works no longer."
    return NOTHING_TO_DO


def _page(act: Act, path: str) -> str:
    """Return the lines that name a page of the portal, before a command that does the same."""
    return f"  {act.portal}{path}\n{OR}\n"


def _voided(act: Act, event: ev.Revised) -> str:
    said = f"{act.who} gave new data for draft {event.draft}."
    if not event.voids:
        return f"{said} Nobody had signed; every invitation to sign is void."
    listed = "\n".join(f"  {act.name_of(one.signatory)} (revision with SHA-256 {one.pdf})" for one in event.voids)
    return f"{said} These signatures are void:\n{listed}"


def _nothing_binds(before: AgreementState) -> str:
    if not before.signed:
        return "The agreement has ended; nobody had signed."
    return "The agreement has ended. The file was never concluded: the signatures so far bind nobody to it."
