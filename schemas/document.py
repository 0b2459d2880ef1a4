"""What every document has, whatever its type: a project, parties, signatories, clauses of its own."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from schemas.agreement import Project
from schemas.clause import Choice, Clause, Subject
from schemas.party import Party, Signatory
from schemas.pin import Pin
from schemas.prose import Heading
from schemas.rules import Rule, broken_rules
from schemas.signing_round import Signing
from schemas.text import Model, fault


class Document(Model):
    """Base of all document types; a type is one module of ``schemas.types`` with one subclass."""

    document_type: ClassVar[str]
    """What stands in a file's ``type``: the name of the type's module and of its folder of templates."""
    id_prefix: ClassVar[str]
    """How the ids of its agreements begin: ``MOU`` in ``MOU-2026-0001``."""
    kind: ClassVar[str]
    """What people call it: ``Memorandum of understanding``."""
    rules: ClassVar[tuple[Rule[Any], ...]]
    """The rules across its fields."""

    type: str
    """The document type."""
    language: Literal["en"] = "en"
    """Language of the text, ISO 639-1."""
    title: Heading
    """Title on the cover."""
    project: Project
    """The funded project it belongs to."""
    parties: Annotated[tuple[Party, ...], Field(min_length=1, max_length=60)]
    """Who agrees."""
    signatories: Annotated[tuple[Signatory, ...], Field(max_length=120)] = ()
    """Who signs, in signing order unless ``signing`` says otherwise."""
    signing: Signing | None = None
    """In which order they are asked, and until when."""
    supersedes: Pin | None = None
    """The document it takes the place of, pinned by digest."""
    choices: tuple[Choice, ...] = ()
    """Fallbacks chosen in place of clauses of the library."""
    clauses: tuple[Clause, ...] = ()
    """Clauses added beyond the template's own, or put in place of one."""

    @model_validator(mode="after")
    def _rules_hold(self) -> Document:
        if broken := broken_rules(type(self).rules, self):
            raise fault("; ".join(str(problem) for problem in broken))
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """The language of the text, or both where there are two."""
        second = getattr(self, "second_language", None)
        return (self.language,) if second is None else (self.language, second)

    @property
    def edition(self) -> str:
        """Which Word file of the template it needs: ``en``, or ``en-es`` for two languages side by side."""
        return "-".join(self.languages)

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it touches beside the clauses of its template."""
        return frozenset(clause.subject for clause in self.clauses)

    @property
    def pins(self) -> tuple[tuple[str, Pin], ...]:
        """The documents it pins, each with the path of the pin: what it changes, and what it rests on."""
        return self.changes

    @property
    def changes(self) -> tuple[tuple[str, Pin], ...]:
        """The pinned documents that it alters or takes the place of, once it is in force."""
        return self.alters if self.supersedes is None else (*self.alters, ("supersedes", self.supersedes))

    @property
    def alters(self) -> tuple[tuple[str, Pin], ...]:
        """The pinned documents whose text or parties it changes, and which stay in force otherwise."""
        return ()

    @property
    def joining(self) -> tuple[Party, ...]:
        """The parties it adds to what it alters."""
        return ()

    @property
    def leaving(self) -> tuple[Party, ...]:
        """The parties whose part in what it alters ends with :attr:`last_day`."""
        return ()

    @property
    def last_day(self) -> date | None:
        """The last day on which what it alters is in force for those who are leaving."""
        return None

    @property
    def takes_out(self) -> tuple[tuple[str, str], ...]:
        """The texts it takes out of what it alters, one per paragraph, each with its path."""
        return ()

    @property
    def puts_in(self) -> tuple[str, ...]:
        """The texts it puts into what it alters, one per paragraph."""
        return ()

    @property
    def invoked(self) -> tuple[tuple[str, str], ...]:
        """The clauses of what it alters on which it rests, each with its path."""
        return ()
