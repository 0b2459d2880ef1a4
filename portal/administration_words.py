"""What the administrator's pages say of parts, policies and entries, in the visitor's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.policies import Source
from portal.words import OFFICES, ROLES
from schemas import events as ev
from schemas.installation_events import AccountAct, WebhookAct
from schemas.signature import SigningWay

if TYPE_CHECKING:
    from flows.installation_timeline import Deed
    from portal.language import Language


def parts(language: Language) -> dict[str, str]:
    """Return the name of each part of the health report."""
    say = language.say
    return {
        "Health": say("Health"),
        "Ledger": say("Ledger"),
        "Published log": say("Published log"),
        "Proof of the ledger": say("Last proof of the ledger"),
        "Object store": say("Object store"),
        "Fixity": say("Fixity: what is stored is read again"),
        "Seal and roots": say("Seal and trusted roots"),
        "Timestamp authority": say("Timestamp authority"),
        "Backup": say("Last backup"),
        "Restore drill": say("Last restore drill"),
        "Mail": say("Mail"),
        "Prefect server": say("Prefect, which runs the stages"),
        "Runner": say("Queue of stages"),
        "Stages": say("Stages that failed"),
        "Disk": say("Disk"),
    }


def ways(language: Language) -> dict[SigningWay, str]:
    """Return what each way to sign is called in a list."""
    say = language.say
    return {
        SigningWay.PKCS12: say("own certificate in a file"),
        SigningWay.PKCS11: say("own certificate on a card or token"),
        SigningWay.CSC: say("remote signing service"),
        SigningWay.UPLOAD: say("file signed elsewhere"),
        SigningWay.CLICK: say("click with a code by mail"),
        SigningWay.PAPER: say("on paper"),
    }


def sources(language: Language) -> dict[Source, str]:
    """Return where a policy comes from."""
    say = language.say
    return {
        Source.DEFAULT: say("default"),
        Source.ENVIRONMENT: say("environment (CONVENIO_SIGNATURE_POLICIES)"),
        Source.FILE: say("convenio.toml (signature_policies)"),
    }


def acts_in_words(language: Language, deed: Deed) -> str:
    """Return what was done, in one line without who did it; a person who was erased is said to be."""
    say, event = language.say, deed.event
    name = deed.about.name if deed.about is not None else say("somebody erased")
    match event:
        case ev.RolesGiven():
            given = [say(ROLES[role][0]) for role in event.roles] + [say(OFFICES[office]) for office in event.offices]
            return say("gave %(name)s the roles %(roles)s", name=name, roles=", ".join(given))
        case ev.AccountChanged():
            return _account(language, event.act) % {"name": name}
        case ev.PersonErased():
            return say("erased a person's data")
        case ev.TemplateAdopted():
            place = f"{event.document_type}, {event.edition}"
            return say("adopted version %(number)s of the template %(place)s", number=event.version, place=place)
        case ev.TemplateRetired():
            return say("retired the template %(place)s", place=f"{event.document_type}, {event.edition}")
        case ev.PoliciesChanged():
            return say("noticed that the signature policies were changed")
        case ev.BackedUp():
            numbers = {"files": event.files, "rows": event.rows, "size": f"{event.size_bytes / 1e6:.1f}"}
            return say("a backup was written: %(files)s files, %(rows)s rows, %(size)s MB", **numbers)
        case ev.RestoreDrilled(equal=True):
            return say("a restore was tried, and was equal")
        case ev.RestoreDrilled():
            return say("a restore was tried, and was not equal")
        case ev.FixityChecked():
            return say("read %(read)s of %(listed)s stored files again: %(faults)s faults",
                       read=event.read, listed=event.listed, faults=event.faults)  # fmt: skip
        case ev.InventoryTaken():
            return say("took the inventory: %(count)s files", count=event.objects)
    return _webhook(language, event) if isinstance(event, ev.WebhookChanged) else event.type


def _webhook(language: Language, event: ev.WebhookChanged) -> str:
    if event.act is WebhookAct.REGISTERED:
        return language.say("registered the webhook %(id)s", id=event.webhook)
    return language.say("ended the webhook %(id)s", id=event.webhook)


def _account(language: Language, act: AccountAct) -> str:
    say = language.say
    return {
        AccountAct.INVITED: say("invited %(name)s to choose a password"),
        AccountAct.CLOSED: say("closed the account of %(name)s"),
        AccountAct.REOPENED: say("opened the account of %(name)s again"),
        AccountAct.SIGNED_OUT: say("ended every session of %(name)s"),
        AccountAct.SECOND_FACTOR_RESET: say("reset the second factor of %(name)s"),
    }[act]
