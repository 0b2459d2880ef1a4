"""What is wrong with a form, in words: beside each field, and as links in the summary at the top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.form_of import ENTRY, Section, label_of, one_of, section_of, sections_of
from portal.language import Language
from schemas.errors import Fault
from schemas.fields import steps_of
from schemas.loader import MISSING
from schemas.prose import LANGUAGES


@dataclass(frozen=True)
class Link:
    """A fault as the summary at the top tells it, and where the field is."""

    href: str
    text: str


class Faults:
    """The faults of a form of ``document_type``, in the order of its pages."""

    def __init__(self, document_type: str, faults: Sequence[Fault], language: Language) -> None:
        self.document_type, self.language = document_type, language
        order = {section.key: number for number, section in enumerate(sections_of(document_type))}
        # a row in which nothing stands needs no id yet
        told = (fault for fault in faults if not (fault.path.endswith(".id") and fault.message == MISSING))
        self.faults = sorted(told, key=lambda fault: order[found.key] if (found := self.section_at(fault.path)) else -1)

    def section_at(self, path: str) -> Section | None:
        """Return the page on which a field stands."""
        return section_of(self.document_type, path)

    def faults_of(self, section: Section) -> list[Fault]:
        """Return the faults of fields on a page."""
        return [one for one in self.faults if self.section_at(one.path) == section]

    def say(self, text: str) -> str:
        """Return a text in the visitor's language."""
        return self.language.say(text) if text else ""

    def at(self, path: str) -> tuple[str, ...]:
        """Return what is wrong with the field at ``path``, a sentence each."""
        return tuple(self.sentence(fault) for fault in self.faults if fault.path == path)

    def below(self, path: str) -> tuple[str, ...]:
        """Return what is wrong with the entries of the list at ``path``."""
        return tuple(self.sentence(fault) for fault in self.faults if fault.path.startswith(f"{path}["))

    def sentence(self, fault: Fault) -> str:
        """Return a fault as a sentence beside its field."""
        if fault.message == MISSING:
            return self.say("This is missing.")
        said = self.say(fault.message)
        said = said[:1].upper() + said[1:]
        if fault.expected:
            said += f" ({self.say('expected')}: {fault.expected})"
        if fault.proposal:
            said += f". {self.say('Did you mean %(proposal)s?') % {'proposal': fault.proposal}}"
        return said

    def link(self, fault: Fault, base: str = "") -> Link:
        """Return a fault for the summary: what the field is called, what is wrong, and a link to it.

        With ``base``, the address of the form, the link leads to the field's own page.
        """
        section = self.section_at(fault.path)
        page = f"{base}/{section.key}" if base and section else base
        anchor = f"{page}#{fault.path}" if fault.path and section else page
        if not fault.path:
            return Link(anchor, self.sentence(fault))
        message = self.say("missing") if fault.message == MISSING else self.say(fault.message)
        return Link(anchor, f"{self.called(fault.path)}: {message}")

    def link_to(self, path: str, base: str) -> str:
        """Return the address of a field on its own page."""
        section = self.section_at(path)
        return f"{base}/{section.key}#{path}" if section else base

    def called(self, path: str) -> str:
        """Return the way to a field in words; see :func:`called`."""
        return called(self.language, path)


def called(language: Language, path: str) -> str:
    """Return the way to a field in words, each to another: ``Party 2, country``, or ``Background 1``."""
    words: list[str] = []
    listed: str | None = None
    for step in steps_of(path):
        if isinstance(step, int):
            if listed is None:
                words.append(f"{language.say(ENTRY)} {step + 1}")
            else:
                whole, one = words.pop(), one_of(listed)
                # several lists have no word for one of theirs: there it is called by the list
                words.append(f"{whole if one == ENTRY else language.say(one)} {step + 1}")
            listed = None
        elif step in LANGUAGES:
            words[-1:] = [f"{words[-1]} ({language.locale.languages.get(step, step)})"]
        elif step != "value":
            listed = step
            words.append(language.say(label_of(step)))
    if language.code == "de":
        return ", ".join(words)
    return ", ".join([*words[:1], *(w if w[1:2].isupper() else w[:1].lower() + w[1:] for w in words[1:])])
