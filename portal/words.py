"""Roles and offices in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.people import Office, Role

if TYPE_CHECKING:
    from portal.visit import Visit


def _(text: str) -> str:
    """Mark a text to be translated where it is shown."""
    return text


ROLES = {
    Role.MANAGER: (_("Manager"), _("Requests documents, changes their data, confirms assumed facts.")),
    Role.REVIEWER: (_("Reviewer"), _("Approves, returns or rejects drafts that somebody else wrote.")),
    Role.SIGNATORY: (_("Signatory"), _("Signs the documents that name them.")),
    Role.AUDITOR: (_("Auditor"), _("Reads everything and changes nothing.")),
    Role.ADMINISTRATOR: (_("Administrator"), _("Looks after people and the installation; reads no document.")),
}
"""Each role by its name, and what it is for."""

OFFICES = {Office.LEGAL: _("Legal"), Office.FINANCE: _("Finance"), Office.DIRECTOR: _("Director")}
"""Each office by its name."""

APART = {
    (Role.MANAGER, Role.REVIEWER): _("Who writes drafts also approves those of others; only their own are refused."),
    (Role.MANAGER, Role.AUDITOR): _("An auditor would look at their own work."),
    (Role.MANAGER, Role.ADMINISTRATOR): _("Who writes drafts also decides who approves them."),
    (Role.REVIEWER, Role.SIGNATORY): _("Who approves a document could also sign it."),
    (Role.REVIEWER, Role.AUDITOR): _("An auditor would look at their own decisions."),
    (Role.REVIEWER, Role.ADMINISTRATOR): _("Who approves also decides who may approve."),
    (Role.SIGNATORY, Role.AUDITOR): _("An auditor would look at their own signature."),
    (Role.AUDITOR, Role.ADMINISTRATOR): _("An auditor would look at their own acts, and decides who else looks."),
}
"""Why two roles should be apart."""


def why_apart(visit: Visit, pair: tuple[Role, Role]) -> str:
    """Return why one person should not hold both roles, in the visitor's language."""
    return visit.language.say(APART[pair])
