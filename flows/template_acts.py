"""Which templates new documents are made from: administrators adopt a Word file, and retire it.

::

    template adopted ──> new documents are made from it, the newest version first
    template retired ──> none is any more; those that were begun keep it, and adopting it again brings it back

The ledger says both. What Convenio brings along was adopted by nobody and can be retired as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from archive.named_digests import agreements_naming
from archive.transaction import op_id_of
from flows.act import acting, as_actor
from flows.stage import keep
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import Refused
from schemas.evidence import Digest
from schemas.installation import INSTALLATION
from schemas.people import Person, Role
from templates.catalog import (
    Template,
    document_types_with_templates,
    editions_of,
    load_template,
    read_manifest,
    version_folder,
    versions_of,
)


class TemplateFile(NamedTuple):
    """A Word file in its place as an edition, whichever versions hold it."""

    document_type: str
    edition: str
    docx: Digest


@dataclass(frozen=True)
class TemplateAct:
    """What was done last to a Word file: when, by whom (a commitment), and whether it was retired by that."""

    at: datetime
    by: Digest | None
    retired: bool
    counter: int


@dataclass(frozen=True)
class TemplateLine:
    """One Word file of the catalogue; ``versions`` hold it, ``used`` documents have a draft made from it."""

    file: TemplateFile
    title: str
    versions: tuple[int, ...]
    own: bool
    """Whether it was adopted here; else Convenio brings it along."""
    newest: bool
    """Whether new documents are made from it."""
    used: int
    act: TemplateAct | None

    @property
    def retired(self) -> bool:
        """Whether no new document is made from it."""
        return self.act is not None and self.act.retired


def template_acts(house: Installation) -> dict[TemplateFile, TemplateAct]:
    """Return the last act on each Word file on which there was one."""
    found = {}
    for recorded in house.stream.entries():
        event, entry = recorded.entry.event, recorded.entry
        if isinstance(event, ev.TemplateAdopted | ev.TemplateRetired):
            file = TemplateFile(event.document_type, event.edition, event.docx)
            retired = isinstance(event, ev.TemplateRetired)
            found[file] = TemplateAct(entry.occurred_at, entry.actor.person, retired, entry.counter)
    return found


def newest_in_force(house: Installation, document_type: str, edition: str) -> Template:
    """Return the template of which new documents are made.

    Raises :class:`TemplateFault` where there is none, :class:`Refused` where every one is retired.
    """
    acts, folders = template_acts(house), house.template_folders
    having = [number for number, names in editions_of(document_type, folders=folders).items() if edition in names]
    for number in reversed(having):
        template = load_template(document_type, edition, number, folders=folders)
        act = acts.get(TemplateFile(document_type, edition, template.digest))
        if act is None or not act.retired:
            return template
    if having:
        raise Refused(
            f"no {document_type} is made in edition {edition} any more",
            got="every template of it is retired",
            expected="a template in force",
            remedy="choose another language, or ask an administrator to adopt a template",
        )
    return load_template(document_type, edition, folders=folders)


def template_lines(house: Installation) -> tuple[TemplateLine, ...]:
    """Return every Word file of the catalogue, by type and edition, the newest first."""
    acts, folders = template_acts(house), house.template_folders
    found: dict[TemplateFile, tuple[str, list[int]]] = {}
    for name in document_types_with_templates(folders=folders):
        for number in versions_of(name, folders=folders):
            manifest = read_manifest(version_folder(name, number, folders=folders))
            for edition, one in manifest.editions.items():
                found.setdefault(TemplateFile(name, edition, one.sha256), (manifest.title, []))[1].append(number)
    used = agreements_naming(house.engine, {file.docx for file in found})
    lines, taken = [], set()
    for file, (title, versions) in sorted(
        found.items(), key=lambda item: (item[0].document_type, item[0].edition, -item[1][1][-1])
    ):
        act, place = acts.get(file), (file.document_type, file.edition)
        newest = place not in taken and (act is None or not act.retired)
        if newest:
            taken.add(place)
        own = not (folders[0] / file.document_type / f"v{versions[0]}").is_dir()
        lines.append(TemplateLine(file, title, tuple(versions), own, newest, used.get(file.docx, 0), act))
    return tuple(lines)


def retire_template(house: Installation, file: TemplateFile, *, by: str) -> bool:
    """Have no new document made from a Word file any more, and return whether this call changed that.

    Raises :class:`NotAuthorised` for who is no administrator, :class:`Refused` for a file that is no template.
    """
    administrator = acting(house, by, Role.ADMINISTRATOR)
    if all(line.file != file for line in template_lines(house)):
        raise Refused("there is no such template", got=file.docx, where=f"{file.document_type}, {file.edition}")
    event = ev.TemplateRetired(document_type=file.document_type, edition=file.edition, docx=file.docx)
    return _record(house, administrator, file, event)


def record_adoption(house: Installation, template: Template, person: Person, *, new: bool) -> bool:
    """Record that a Word file is a template from now on, its bytes stored first; return whether this call did.

    What Convenio brings along, and what was adopted and not retired since, is a template already unless ``new``.
    """
    file = TemplateFile(template.document_type, template.edition, template.digest)
    act = template_acts(house).get(file)
    own = (house.template_folders[-1] / template.document_type / f"v{template.version}").is_dir()
    if not new and (not act.retired if act is not None else not own):
        return False
    event = ev.TemplateAdopted(
        document_type=template.document_type,
        edition=template.edition,
        version=template.version,
        docx=keep(house, INSTALLATION, template.docx, "docx"),
    )
    return _record(house, person, file, event)


def _record(
    house: Installation, person: Person, file: TemplateFile, event: ev.TemplateAdopted | ev.TemplateRetired
) -> bool:
    actor = as_actor(Role.ADMINISTRATOR, person)
    with house.ledger.transaction() as tx:
        # looked at in here, where nobody else appends: what was done and undone may be done again
        act = template_acts(house).get(file)
        if act is not None and act.retired and isinstance(event, ev.TemplateRetired):
            return False
        op_id = op_id_of(event.type, *file, str(getattr(event, "version", "")), str(act.counter if act else ""))
        return not tx.append_installation(op_id, house.clock(), actor, event).repeated
