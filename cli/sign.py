"""``convenio sign | sign-paper | code | link | decline``: what signatories do, and who records a paper original."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.agreements import AS, report
from cli.output import NEW_FILE, common, given_passphrase, installation, print_json
from schemas.errors import InputError

if TYPE_CHECKING:
    from flows.act import Done
    from flows.wiring import Installation
    from schemas.evidence import AgreementId

FILE = click.Path(path_type=Path)

Given = dict[str, str | None]
"""What stands on the command line beside the agreement, by option."""

BELONGS_TO = {
    "token": "pkcs11", "label": "pkcs11", "credential": "csc", "csc_version": "csc", "code": "click",
    "certificate": "begin", "value": "finish",
}  # fmt: skip
"""Options that mean something beside another one only."""


@click.command()
@click.argument("agreement", metavar="ID")
@AS
@click.option("--p12", metavar="FILE", help="Your PKCS#12 file (.p12, .pfx).")
@click.option("--pkcs11", metavar="MODULE", help="The library of your token (PKCS#11).")
@click.option("--token", help="With --pkcs11: the token's label.")
@click.option("--label", help="With --pkcs11: the label of key and certificate.")
@click.option("--csc", metavar="URL", help="The trust service that keeps your key (CSC API).")
@click.option("--credential", help="With --csc: the name of your credential there.")
@click.option("--csc-version", type=click.Choice(["v1", "v2"]), help="With --csc: the version of its API; v1.")
@click.option("--upload", metavar="FILE", help="The PDF, signed with software of your own.")
@click.option("--click", "click_link", metavar="LINK", help="The link in your invitation, without a certificate.")
@click.option("--code", help="With --click: the code from the mail that `convenio code` sends.")
@click.option(
    "--begin",
    type=NEW_FILE,
    metavar="REQUEST",
    help="Your key is elsewhere: the file to write, which says what to sign.",
)
@click.option("--certificate", metavar="FILE", help="With --begin: your certificate and those above it (PEM).")
@click.option("--finish", metavar="REQUEST", help="What --begin wrote, when your key has signed.")
@click.option("--value", metavar="FILE", help="With --finish: the signature your key made.")
@common
def sign(agreement: str, by: str, home: Path | None, as_json: bool, **given: str | None) -> None:
    """Sign, in one of five ways: --p12, --pkcs11, --csc, --upload or --click; or in two halves, --begin and --finish.

    Passphrases and PINs are asked for, or taken from CONVENIO_P12_PASSPHRASE, CONVENIO_TOKEN_PIN, CONVENIO_CSC_TOKEN,
    CONVENIO_CSC_PIN and CONVENIO_CSC_OTP.
    """
    from schemas.evidence import AgreementId

    given["click"] = given.pop("click_link")
    chosen = _chosen(given)
    house = installation(home)
    if chosen == "begin":
        _begun(house, AgreementId(agreement), by, given, as_json=as_json)
        return
    done = _WAYS[chosen](house, AgreementId(agreement), by, given)
    report(done, "signed", as_json=as_json)


def _chosen(given: Given) -> str:
    """Return the one way that was named, with what belongs to it; raise :class:`InputError` for anything else."""
    known = ("begin", *_WAYS)
    ways = [way for way in known if given[way] is not None]
    if len(ways) != 1:
        raise InputError(
            "say in which way you sign",
            got=" and ".join(f"--{way}" for way in ways) or "none",
            expected="one of " + ", ".join(f"--{way}" for way in known),
        )
    (way,) = ways
    strange = [f"--{name.replace('_', '-')}" for name, of in BELONGS_TO.items() if given[name] and of != way]
    missing = [
        f"--{name}" for name, of in BELONGS_TO.items() if of == way and not given[name] and name != "csc_version"
    ]
    if strange or missing:
        raise InputError(
            f"--{way} needs other options beside it",
            got=", ".join(strange) or "nothing more",
            expected=", ".join(missing) or "nothing of these",
        )
    return way


def _with_p12(house: Installation, agreement: AgreementId, by: str, given: Given) -> Done:
    from flows import commands
    from flows.files import read_whole

    content = read_whole(Path(given["p12"] or ""), expected="a PKCS#12 file", max_size_bytes=1024 * 1024)
    passphrase = given_passphrase("Passphrase", "CONVENIO_P12_PASSPHRASE")
    return commands.sign(house, agreement, by=by, p12=content, passphrase=passphrase.encode() or None)


def _with_token(house: Installation, agreement: AgreementId, by: str, given: Given) -> Done:
    from flows import commands

    return commands.sign_with_token(
        house,
        agreement,
        by=by,
        module=Path(given["pkcs11"] or ""),
        token=str(given["token"]),
        label=str(given["label"]),
        pin=given_passphrase("PIN of the token", "CONVENIO_TOKEN_PIN"),
    )


def _remotely(house: Installation, agreement: AgreementId, by: str, given: Given) -> Done:
    from flows import commands
    from signing.remote import RemoteCredential

    credential = RemoteCredential(
        str(given["csc"]),
        str(given["credential"]),
        "v2" if given["csc_version"] == "v2" else "v1",
        token=os.environ.get("CONVENIO_CSC_TOKEN"),
        pin=os.environ.get("CONVENIO_CSC_PIN"),
        otp=os.environ.get("CONVENIO_CSC_OTP"),
        activation=os.environ.get("CONVENIO_CSC_SAD"),
    )
    return commands.sign_remotely(house, agreement, by=by, credential=credential)


def _with_own_software(house: Installation, agreement: AgreementId, by: str, given: Given) -> Done:
    from flows import commands
    from flows.files import read_whole

    content = read_whole(Path(given["upload"] or ""), expected="the signed PDF")
    return commands.sign_uploaded(house, agreement, by=by, content=content)


def _by_click(house: Installation, agreement: AgreementId, by: str, given: Given) -> Done:
    from flows import commands

    return commands.sign_by_click(house, agreement, by=by, link=str(given["click"]), code=str(given["code"]))


def _begun(house: Installation, agreement: AgreementId, by: str, given: Given, *, as_json: bool) -> None:
    """Write what the key elsewhere has to sign, and print it."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificates

    from flows import commands
    from flows.files import read_whole, write_new

    content = read_whole(Path(given["certificate"] or ""), expected="certificates in PEM", max_size_bytes=1024 * 1024)
    try:
        certificates = [one.public_bytes(Encoding.DER) for one in load_pem_x509_certificates(content)]
    except ValueError as fault:
        raise InputError("the certificate cannot be read", got=str(fault), expected="X.509 in PEM") from fault
    begun = commands.begin_signature(house, agreement, by=by, certificates=certificates)
    request = {"agreement": agreement, "handle": begun.handle, "sha256": begun.digest.hex()}
    write_new(Path(given["begin"] or ""), json.dumps(request, indent=2).encode() + b"\n", private=True)
    if as_json:
        print_json(request)
    else:
        click.echo(f"To be signed within the hour, as it is: the SHA-256 digest {begun.digest.hex()}.")


def _finished(house: Installation, agreement: AgreementId, by: str, given: Given) -> Done:
    from flows import commands
    from flows.files import read_whole

    path = Path(given["finish"] or "")
    try:
        handle = json.loads(read_whole(path, expected="what --begin wrote", max_size_bytes=4096))["handle"]
    except (ValueError, KeyError, TypeError) as fault:
        raise InputError(f"{path} cannot be read", got=type(fault).__name__, expected="what --begin wrote") from fault
    value = read_whole(Path(given["value"] or ""), expected="a signature's bytes", max_size_bytes=4096)
    return commands.finish_signature(house, agreement, by=by, handle=str(handle), value=value)


_WAYS: dict[str, Callable[..., Done]] = {
    "p12": _with_p12,
    "pkcs11": _with_token,
    "csc": _remotely,
    "upload": _with_own_software,
    "click": _by_click,
    "finish": _finished,
}


@click.command()
@click.argument("agreement", metavar="ID")
@click.option("--link", required=True, help="The link in your invitation.")
@common
def code(agreement: str, link: str, home: Path | None, as_json: bool) -> None:
    """Have a one-time code mailed to whom the link was sent; it holds for ten minutes."""
    from flows import commands
    from schemas.evidence import AgreementId, instant_text

    sent = commands.mail_code(installation(home), AgreementId(agreement), link=link)
    if as_json:
        valid_until = instant_text(sent.valid_until)
        print_json({"agreement": agreement, "code_valid_until": valid_until, "statement": sent.statement})
    else:
        click.echo(f"A code was mailed; it holds until {sent.valid_until:%H:%M} UTC. By entering it you state:")
        click.echo(f"  {sent.statement}")


@click.command()
@click.argument("agreement", metavar="ID")
@AS
@common
def link(agreement: str, by: str, home: Path | None, as_json: bool) -> None:
    """Have another link to sign mailed to you; those sent before work no longer."""
    from flows import commands
    from schemas.evidence import AgreementId

    commands.new_link(installation(home), AgreementId(agreement), by=by)
    if as_json:
        print_json({"agreement": agreement, "mailed": True})
    else:
        click.echo("A new link was mailed.")


@click.command("sign-paper")
@click.argument("agreement", metavar="ID")
@click.option("--for", "signatory", required=True, metavar="SIGNATORY", help="Who signed on paper, by id.")
@click.option("--scan", type=FILE, required=True, help="The scan: PDF, PNG, JPEG or TIFF.")
@click.option("--compared-with", required=True, metavar="DIGEST", help="SHA-256 of the PDF that was printed.")
@AS
@common
def sign_paper(
    agreement: str, signatory: str, scan: Path, compared_with: str, by: str, home: Path | None, as_json: bool
) -> None:
    """Record that somebody signed on paper: you compared the scan with the file that was printed."""
    from flows import commands
    from flows.files import read_whole
    from schemas.evidence import AgreementId

    content = read_whole(scan, expected="a scan", max_size_bytes=50 * 1024 * 1024)
    done = commands.sign_paper(
        installation(home),
        AgreementId(agreement),
        by=by,
        signatory=signatory,
        scan=content,
        compared_with=compared_with,
    )
    report(done, "signed on paper", as_json=as_json)


@click.command()
@click.argument("agreement", metavar="ID")
@AS
@click.option("--comment", required=True, help="Why.")
@common
def decline(agreement: str, by: str, comment: str, home: Path | None, as_json: bool) -> None:
    """Refuse to sign. The agreement ends."""
    from flows import commands
    from schemas.evidence import AgreementId

    done = commands.decline(installation(home), AgreementId(agreement), by=by, reason=comment)
    report(done, "declined", as_json=as_json)
