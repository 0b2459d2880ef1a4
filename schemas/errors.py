"""Every refusal Convenio can give, as one tree.

::

    ConvenioError
    ├── InputError              exit 2   what was read is not what a document needs; carries every fault
    ├── Refused                 exit 1   the request is understood and may not be done
    │   ├── NotAuthorised                the person lacks the role or the assignment
    │   ├── FourEyes                     the author of a draft may not approve it
    │   ├── RefusedTransition            the agreement's state does not allow the act
    │   ├── StaleBase                    somebody else acted first; the bytes are no longer the newest
    │   ├── ConflictingContent           one key, two contents
    │   ├── TemplateFault                a template cannot be used or filled
    │   ├── NotReady                     a production installation has demonstration, default or expired keys
    │   ├── TooManyTries                 something was tried too often; it may be tried again after a while
    │   ├── NotWorm                      the store enforces no locks, and this installation demands them
    │   └── GateRefused                  a document did not pass the admission gate
    ├── Invalid                 exit 1   evidence does not hold
    │   ├── DigestMismatch               bytes are not the ones that were named
    │   └── WitnessDisagrees             a witness says it saw a larger or another tree
    └── Unavailable             exit 3   try again later; the only kind that is retried
        ├── ConversionUnavailable        LibreOffice did not answer in time, twice
        ├── StoreUnavailable             the object store did not answer
        ├── TimestampUnavailable         the timestamp authority did not answer
        ├── SignerUnavailable            the token or trust service that keeps a key did not answer
        ├── RevocationUnavailable        nobody answered whether a certificate is revoked
        ├── WitnessUnavailable           a witness did not co-sign
        └── OrchestrationUnavailable     no Prefect server or worker
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class ConvenioError(Exception):
    """A fault with its diagnosis: what, where, what was got, what was expected, what to do."""

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        got: object = None,
        expected: object = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.got = None if got is None else str(got)
        self.expected = None if expected is None else str(expected)
        self.remedy = remedy

    def diagnosis(self) -> str:
        """Return the fault as lines for a person: the sentence first, then the particulars known."""
        particulars = {
            "where": self.where,
            "got": self.got,
            "expected": self.expected,
            "what to do": self.remedy,
        }
        lines = [self.what, *(f"  {name}: {text}" for name, text in particulars.items() if text)]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.diagnosis()


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an input file.

    ``path`` names the field as a person writes it (``parties[1].country``); ``line`` and ``column`` count
    from 1 and are ``None`` where the source has no text (a form). ``read`` is what stood there.
    """

    path: str
    message: str
    line: int | None = None
    column: int | None = None
    read: str | None = None
    expected: str | None = None
    proposal: str | None = None

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line is not None else ""
        text = f"{place}{self.path}: {self.message}" if self.path else f"{place}{self.message}"
        if self.read is not None:
            text += f"; read {self.read}"
        if self.expected is not None:
            text += f"; expected {self.expected}"
        if self.proposal is not None:
            text += f"; did you mean {self.proposal}?"
        return text


class InputError(ConvenioError):
    """What was read is not what a document needs; every fault is listed at once."""

    exit_code = 2

    def __init__(self, what: str, faults: Iterable[Fault] = (), **particulars: object) -> None:
        super().__init__(what, **particulars)  # pyrefly: ignore  # the keywords are the base class's
        self.faults = tuple(faults)

    def diagnosis(self) -> str:
        """Return the sentence, then one line per fault in the order of the file."""
        return "\n".join([super().diagnosis(), *(f"  {fault}" for fault in self.faults)])


class Refused(ConvenioError):
    """The request is understood and may not be done."""


class NotAuthorised(Refused):
    """The person lacks the role or the assignment."""


class FourEyes(Refused):
    """The author of a draft may not approve it."""


class RefusedTransition(Refused):
    """The agreement's state does not allow the act."""


class StaleBase(Refused):
    """Somebody else acted first; the bytes worked on are no longer the newest."""


class ConflictingContent(Refused):
    """One key, two contents: the second is refused and the first stays."""


class TemplateFault(Refused):
    """A template cannot be used or filled."""


class NotReady(Refused):
    """An installation that says it is for production has demonstration, default or expired keys or names."""


class TooManyTries(Refused):
    """Something was tried too often; ``seconds`` is how long to wait before it may be tried again."""

    def __init__(self, what: str, *, seconds: int, **particulars: object) -> None:
        super().__init__(what, **particulars)  # pyrefly: ignore  # the keywords are the base class's
        self.seconds = seconds


class NotWorm(Refused):
    """The store was not seen to enforce locks, and this installation archives nowhere else."""


class GateRefused(Refused):
    """A document did not pass the admission gate and is not archived; ``reasons`` are the names of all reasons."""

    def __init__(self, what: str, reasons: Iterable[str] = (), **particulars: object) -> None:
        super().__init__(what, **particulars)  # pyrefly: ignore  # the keywords are the base class's
        self.reasons = tuple(reasons)


class Invalid(ConvenioError):
    """Evidence does not hold."""


class DigestMismatch(Invalid):
    """Bytes are not the ones that were named by their digest."""


class WitnessDisagrees(Invalid):
    """A witness says it saw a larger or another tree than this ledger's; nobody signed that it did."""


class Unavailable(ConvenioError):
    """Something needed did not answer; nothing was changed, and the act may be repeated later."""

    exit_code = 3


class ConversionUnavailable(Unavailable):
    """LibreOffice did not answer within the deadline, twice."""


class StoreUnavailable(Unavailable):
    """The object store did not answer."""


class TimestampUnavailable(Unavailable):
    """The timestamp authority did not answer."""


class RevocationUnavailable(Unavailable):
    """Nobody answered whether a certificate is revoked."""


class SignerUnavailable(Unavailable):
    """The token or trust service that keeps a signing key did not answer, or not as its protocol says."""


class WitnessUnavailable(Unavailable):
    """A witness did not co-sign a checkpoint."""


class OrchestrationUnavailable(Unavailable):
    """No Prefect server or worker answers."""
