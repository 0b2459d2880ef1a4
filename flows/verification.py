"""Verifying a dossier or a signed PDF, offline: nothing of an installation is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows.files import read_whole
from flows.standalone import released_verifiers
from flows.wiring import utc_now
from schemas.errors import ConvenioError, InputError
from schemas.evidence import SealReport, SignatureReport, VerificationKeys, VerificationReport

if TYPE_CHECKING:
    from signing.trust import TrustPolicy


def read_keys(path: Path) -> VerificationKeys:
    """Return the public keys in a file that ``convenio keys export`` wrote; raise :class:`InputError`.

    Keys that cannot be used are found here: they say nothing about what is to be verified.
    """
    from pydantic import ValidationError

    content = read_whole(path, expected="a file of public keys", max_size_bytes=1024 * 1024)
    try:
        keys = VerificationKeys.model_validate_json(content)
        _check_usable(keys)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _no_keys(path, f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}") from error
    except ConvenioError as error:
        raise _no_keys(path, error.what) from error
    return keys


def _check_usable(keys: VerificationKeys) -> None:
    from archive.signed_note import parse_verifier_key
    from signing.trust import certificates_of

    parse_verifier_key(keys.ledger)
    if not certificates_of(keys.trust_roots):
        raise InputError("no trust root")


def _no_keys(path: Path, got: str) -> InputError:
    return InputError(
        f"{path} is not a file of public keys", got=got, expected="a file written by: convenio keys export -o FILE"
    )


def verify_file(path: Path, keys: VerificationKeys | None) -> VerificationReport:
    """Return what is proven about a dossier (zip) or a signed PDF; raise :class:`InputError` where it is neither."""
    from archive.verify import verify_dossier, verify_pdf
    from signing.read import attached_files

    content = read_whole(path, expected="a dossier or a signed PDF")
    # what it is, its bytes say; its name only where they say nothing
    is_pdf, is_zip = content[:1024].lstrip().startswith(b"%PDF-"), content.startswith(b"PK")
    if is_pdf or (not is_zip and path.suffix.lower() == ".pdf"):
        return verify_pdf(content, keys, judge_pdf=_judge)
    if is_zip or path.suffix.lower() == ".zip":
        return verify_dossier(
            content,
            keys,
            judge_pdf=_judge,
            judge_token=_judge_token,
            judge_scan=_judge_scan,
            attached=attached_files,
            verifiers=released_verifiers(),
            now=utc_now(),
        )
    raise InputError(
        f"{path} is neither a dossier nor a PDF",
        got=repr(content[:8]),
        expected="a file from: convenio dossier ID -o FILE",
    )


def _judge(content: bytes, keys: VerificationKeys | None) -> SealReport:
    from signing.validate import validate

    return validate(content, _trusted(keys), now=utc_now())


def _judge_token(token: bytes, data: bytes, keys: VerificationKeys | None) -> SignatureReport:
    from signing.token import validate_token

    return validate_token(token, data, _trusted(keys), name="checkpoint")


def _judge_scan(scan: bytes, seal: bytes, keys: VerificationKeys | None) -> SignatureReport:
    from signing.detached import validate_detached

    return validate_detached(scan, seal, _trusted(keys), name="scan")


def _trusted(keys: VerificationKeys | None) -> TrustPolicy:
    from signing.trust import TrustPolicy

    return TrustPolicy.of(keys) if keys else TrustPolicy()
