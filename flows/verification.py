"""Verifying a dossier or a signed PDF, offline: nothing of an installation is opened."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from archive.signers import Signer, signers_in
from flows.files import read_whole
from flows.standalone import released_verifiers
from flows.wiring import utc_now
from schemas.errors import ConvenioError, InputError
from schemas.evidence import (
    Digest,
    Evidence,
    Instant,
    SealReport,
    SignatureReport,
    Verdict,
    VerificationKeys,
    VerificationReport,
    digest_of,
)

if TYPE_CHECKING:
    from signing.trust import TrustPolicy

Kind = Literal["pdf", "dossier"]

KINDS: dict[str, Kind] = {".pdf": "pdf", ".zip": "dossier"}
"""What a file is by the ending of its name."""

MOST_KEYS_BYTES = 1024 * 1024


class Verified(Evidence):
    """What was verified, when, and what was found.

    ``organisation`` is whose keys it was verified with, ``None`` where it was judged without any; ``marks`` are the
    signatures, seals and timestamps of the PDF, ``None`` where there is none that can be read. ``signers`` are who
    signs for whom, as a dossier of the organisation states it that nothing contradicts.
    """

    kind: Kind
    sha256: Digest
    size_bytes: int
    at: Instant
    organisation: str | None
    demonstration: bool
    report: VerificationReport
    marks: SealReport | None
    signers: tuple[Signer, ...] = ()


def read_keys(path: Path) -> VerificationKeys:
    """Return the public keys in a file that ``convenio keys export`` wrote; raise :class:`InputError`.

    Keys that cannot be used are found here: they say nothing about what is to be verified.
    """
    return keys_in(read_whole(path, expected="a file of public keys", max_size_bytes=MOST_KEYS_BYTES), name=str(path))


def keys_in(content: bytes, *, name: str) -> VerificationKeys:
    """Return the public keys in ``content``, called ``name`` where they are refused; raises as :func:`read_keys`."""
    from pydantic import ValidationError

    try:
        keys = VerificationKeys.model_validate_json(content)
        _check_usable(keys)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _no_keys(name, f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}") from error
    except ConvenioError as error:
        raise _no_keys(name, error.what) from error
    return keys


def keys_file(keys: VerificationKeys) -> bytes:
    """Return public keys as the file that auditors pin: what ``convenio keys export`` writes."""
    return keys.model_dump_json(indent=2).encode() + b"\n"


def _check_usable(keys: VerificationKeys) -> None:
    from archive.signed_note import parse_verifier_key
    from signing.trust import certificates_of

    parse_verifier_key(keys.ledger)
    if not certificates_of(keys.trust_roots):
        raise InputError("no trust root")


def _no_keys(name: str, got: str) -> InputError:
    return InputError(
        f"{name} is not a file of public keys", got=got, expected="a file written by: convenio keys export -o FILE"
    )


def verify_file(path: Path, keys: VerificationKeys | None) -> VerificationReport:
    """Return what is proven about a dossier (zip) or a signed PDF; raise :class:`InputError` where it is neither."""
    content = read_whole(path, expected="a dossier or a signed PDF")
    # what it is, its bytes say; its name only where they say nothing
    kind = kind_of(content) or KINDS.get(path.suffix.lower())
    if kind is None:
        raise InputError(
            f"{path} is neither a dossier nor a PDF",
            got=repr(content[:8]),
            expected="a file from: convenio dossier ID -o FILE",
        )
    return _reported(content, kind, keys, now=utc_now())[0]


def kind_of(content: bytes) -> Kind | None:
    """Return what ``content`` says it is by its first bytes, ``None`` where that is neither."""
    if content[:1024].lstrip().startswith(b"%PDF-"):
        return "pdf"
    return "dossier" if content.startswith(b"PK") else None


def verify(content: bytes, keys: VerificationKeys, *, pinned: bool, now: datetime) -> Verified:
    """Return what is proven at ``now`` about a dossier or a PDF, with ``keys`` and nothing else.

    ``pinned`` keys are those that somebody chose for this file. Others, the installation's own, judge what is the
    organisation's: a file that bears neither its seal nor the name of its ledger is judged without any, as keys of
    somebody else would only say that it is not theirs. Raises :class:`InputError` for what is neither.
    """
    kind = kind_of(content)
    if kind is None:
        raise InputError("the file is neither a PDF nor a dossier", expected="a signed PDF, or a dossier (zip)")
    report, marks = _reported(content, kind, keys, now=now)
    known = pinned or _is_of(content, kind, marks, keys)
    if not known:
        report, marks = _reported(content, kind, None, now=now)
    stated = known and kind == "dossier" and report.verdict is not Verdict.INVALID
    return Verified(
        kind=kind,
        sha256=digest_of(content),
        size_bytes=len(content),
        at=now,
        organisation=keys.organisation if known else None,
        demonstration=known and keys.demonstration,
        report=report,
        marks=marks,
        signers=signers_in(content) if stated else (),
    )


def _is_of(content: bytes, kind: Kind, marks: SealReport | None, keys: VerificationKeys) -> bool:
    from archive.canonical_zip import read_canonical
    from archive.checkpoint import parse_checkpoint
    from archive.dossier import CHECKPOINT

    if kind == "dossier":
        try:
            stated = parse_checkpoint(read_canonical(content)[CHECKPOINT].decode())
        except (ConvenioError, KeyError, ValueError):
            return True  # what cannot be read is nobody's; the report says why
        return stated.origin == keys.ledger.partition("+")[0]
    seals = {mark.certificate for mark in marks.signatures} if marks else set()
    return not seals or bool(seals & set(keys.seal_certificates))


def _reported(
    content: bytes, kind: Kind, keys: VerificationKeys | None, *, now: datetime
) -> tuple[VerificationReport, SealReport | None]:
    """Return the findings, and what was found of the marks in the PDF, where there is one that can be read."""
    from archive.verify import verify_dossier, verify_pdf
    from signing.read import attached_files

    judged: list[SealReport] = []

    def judge(pdf: bytes, given: VerificationKeys | None) -> SealReport:
        judged.append(_judge(pdf, given, now))
        return judged[-1]

    if kind == "pdf":
        report = verify_pdf(content, keys, judge_pdf=judge)
    else:
        report = verify_dossier(
            content,
            keys,
            judge_pdf=judge,
            judge_token=_judge_token,
            judge_scan=_judge_scan,
            attached=attached_files,
            verifiers=released_verifiers(),
            now=now,
        )
    return report, judged[-1] if judged else None


def _judge(content: bytes, keys: VerificationKeys | None, now: datetime) -> SealReport:
    from signing.validate import validate

    return validate(content, _trusted(keys), now=now)


def _judge_token(token: bytes, data: bytes, keys: VerificationKeys | None) -> SignatureReport:
    from signing.token import validate_token

    return validate_token(token, data, _trusted(keys), name="checkpoint")


def _judge_scan(scan: bytes, seal: bytes, keys: VerificationKeys | None) -> SignatureReport:
    from signing.detached import validate_detached

    return validate_detached(scan, seal, _trusted(keys), name="scan")


def _trusted(keys: VerificationKeys | None) -> TrustPolicy:
    from signing.trust import TrustPolicy

    return TrustPolicy.of(keys) if keys else TrustPolicy()
