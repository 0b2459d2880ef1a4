"""``convenio demo``: one memorandum from a manager's file to a verified dossier, through the real flows."""

from __future__ import annotations

import itertools
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import click

from flows import commands
from flows.act import data_of
from flows.commands import add_person
from flows.dossiers import dossier_of
from flows.files import write_new
from flows.publish import held
from flows.queries import wait_until
from flows.settings import Settings, read_settings
from flows.timeline import happened
from flows.up import services
from flows.verification import read_keys, verify_file
from flows.wiring import Installation
from schemas.documents import Document
from schemas.errors import InputError, Invalid, RefusedTransition
from schemas.evidence import AgreementId, Verdict
from schemas.fact import open_facts
from schemas.loader import load_document
from schemas.state import AgreementState, Stage

EXAMPLE = Path(__file__).parent.parent / "examples" / "gssc" / "mou-czech-cape-verdean-chamber.yaml"
ORGANISATION = "GSSC demonstration secretariat"
MANAGER = "manager@example.org"
REVIEWER = "legal.reviewer@example.org"
PASSPHRASE = b"demonstration"
STEP_SECONDS = 180.0


@dataclass
class Story:
    """Tells what happens, with the seconds each step took."""

    began: float
    last: float

    @classmethod
    def begin(cls) -> Story:
        """Start the clock."""
        now = time.monotonic()
        return cls(now, now)

    def tell(self, text: str) -> None:
        """Print one line with the seconds since the line before."""
        now = time.monotonic()
        click.echo(f"{now - self.last:6.1f} s  {text}")
        self.last = now

    def note(self, text: str) -> None:
        """Print a line that belongs to the one before."""
        click.echo(f"          {text}")


def run_demo(home: Path | None) -> None:
    """Run the whole way in a fresh home and print where everything lies.

    Raises :class:`InputError` where ``home`` holds anything already, and whatever refuses on the way.
    """
    story, house = Story.begin(), Installation(_fresh_settings(home))
    click.echo(f"Convenio demonstration in {house.home}")
    click.echo("Every key here is a DEMONSTRATION key; what it signs is worth nothing outside this demonstration.\n")
    try:
        _add_people(house, story)
        with services(house, progress=story.tell):
            agreement = _draft_and_review(house, story)
            _sign_all(house, story, agreement)
        dossier, keys = _take_home(house, story, agreement)
    finally:
        house.close()
    _verify_both(story, dossier, keys)
    click.echo(f"\nThe whole way took {time.monotonic() - story.began:.0f} seconds. Everything lies in {house.home}")
    click.echo(f"demo: verified {dossier} keys {keys}")


def _fresh_settings(home: Path | None) -> Settings:
    home = home or next(
        folder for n in itertools.count(1) if not (folder := Path("out") / "demo" / f"run-{n:03d}").exists()
    )
    home = home.expanduser().absolute()
    if home.exists() and any(home.iterdir()):
        raise InputError("the demonstration needs a fresh home", got=f"{home} holds files", expected="an empty folder")
    # kept in the home, so that every command that is tried there afterwards speaks of the same organisation
    write_new(home / "convenio.toml", f'organisation = "{ORGANISATION}"\n'.encode())
    prefect_port, portal_port = _free_ports()
    return read_settings(home).model_copy(update={"prefect_port": prefect_port, "portal_port": portal_port})


def _free_ports() -> tuple[int, int]:
    # both are held before either is let go: the same port is not found twice
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def _add_people(house: Installation, story: Story) -> None:
    add_person(house, MANAGER, name="Manager of the GSSC partnership", roles=("manager",))
    add_person(house, REVIEWER, name="Legal reviewer of the GSSC partnership", roles=("reviewer",))
    for signatory in load_document(EXAMPLE).signatories:
        content = house.pki.issue_signatory(
            str(signatory.name), signatory.email, signatory.party, PASSPHRASE, house.clock()
        )
        write_new(_p12(house, signatory.email), content, private=True)
    story.tell(f"manager, reviewer, demonstration PKI and two signatories' certificates: {house.home / 'keys'}")


def _p12(house: Installation, email: str) -> Path:
    return house.home / "signatories" / f"{email}.p12"


def _draft_and_review(house: Installation, story: Story) -> AgreementId:
    document = load_document(EXAMPLE)
    agreement = AgreementId(commands.request(house, document, by=MANAGER).state.agreement)
    story.tell(f"{agreement}: {EXAMPLE.name} is requested by the manager")
    _wait(house, agreement, Stage.IN_REVIEW)
    story.tell(f"draft 1 is rendered; {len(open_facts(document))} facts are open")
    comment = "Thirty days are short for the members to react. Please make the notice sixty days."
    commands.return_draft(house, agreement, draft=1, by=REVIEWER, comment=comment)
    story.tell(f"the reviewer returns draft 1: {comment}")
    revised = _revised(house)
    commands.revise(house, agreement, load_document(revised), draft=1, by=MANAGER)
    _wait(house, agreement, Stage.IN_REVIEW)
    story.tell(f"draft 2 is rendered from {revised}")
    _expect_refusal(story, house, agreement)
    basis = "Confirmed as they stand for this demonstration only; no source says so."
    commands.confirm_facts(house, agreement, (), basis=basis, by=MANAGER)
    state = _wait(house, agreement, Stage.IN_REVIEW)
    story.tell(f"draft {state.draft} is rendered, every open fact confirmed: {basis}")
    commands.approve(house, agreement, draft=state.draft, by=REVIEWER)
    story.tell(f"another person, the reviewer, approves draft {state.draft}, PDF {state.content.pdf[:12]}")
    return agreement


def _revised(house: Installation) -> Path:
    text = EXAMPLE.read_text()
    revised = text.replace("notice_days: 30", "notice_days: 60")
    if revised == text:
        raise InputError(f"{EXAMPLE} has no line notice_days: 30")
    path = house.home / "inbox" / "mou-draft-2.yaml"
    write_new(path, revised.encode())
    return path


def _expect_refusal(story: Story, house: Installation, agreement: AgreementId) -> None:
    try:
        commands.approve(house, agreement, draft=2, by=REVIEWER)
    except RefusedTransition as refusal:
        story.tell(f"approving draft 2 is refused: {refusal.what}")
    else:
        raise Invalid("an approval with open facts was not refused", where=agreement)


def _sign_all(house: Installation, story: Story, agreement: AgreementId) -> None:
    document: Document = data_of(house, house.ledger.state(agreement).data)
    for number, signatory in enumerate(document.signatories, start=1):
        wait_until(house, agreement, lambda s, who=signatory.id: who in s.invited, seconds=STEP_SECONDS)
        p12 = _p12(house, signatory.email)
        done = commands.sign(house, agreement, by=signatory.email, p12=p12.read_bytes(), passphrase=PASSPHRASE)
        story.tell(f"signature {number} of {len(document.signatories)}: {signatory.name}, PDF {done.state.pdf[:12]}")
    state = _wait(house, agreement, Stage.ARCHIVED)
    story.tell(f"closing seal, document timestamp, gate passed at {state.level}; archived as {state.receipt.key}")
    version = f", version {state.receipt.version}" if state.receipt.version else ""
    story.note(f"held: {held(state.receipt)}, in {state.receipt.store}{version}")


def _take_home(house: Installation, story: Story, agreement: AgreementId) -> tuple[Path, Path]:
    taken = house.home / "taken-home"
    dossier, keys = taken / f"{agreement}-dossier.zip", taken / "organisation-keys.json"
    write_new(dossier, dossier_of(house, agreement))
    write_new(keys, house.verification_keys().model_dump_json(indent=2).encode())
    state = house.ledger.state(agreement)
    pdf = taken / f"{agreement}-signed.pdf"
    write_new(pdf, house.store.get(state.receipt.key, version=state.receipt.version))
    story.tell(f"dossier: {dossier}")
    story.note(f"signed PDF: {pdf}")
    story.note(f"public keys, to be handed over apart from the dossier: {keys}")
    for row in happened(house, agreement):
        story.note(f"{row.counter:3}  {row.at:%H:%M:%S} UTC  {row.role:9}  {row.what}")
    return dossier, keys


def _verify_both(story: Story, dossier: Path, keys: Path) -> None:
    report = verify_file(dossier, read_keys(keys))
    if report.verdict is not Verdict.VALID:
        raise Invalid("the demonstration's own dossier does not verify", where=str(dossier), got=report.verdict)
    story.tell(f"verify: {report.verdict}, {len(report.findings)} parts checked")
    altered = dossier.with_name(f"{dossier.stem}-altered.zip")
    shutil.copyfile(dossier, altered)
    content = bytearray(altered.read_bytes())
    content[len(content) // 2] ^= 1
    altered.write_bytes(content)
    report = verify_file(altered, read_keys(keys))
    if report.verdict is not Verdict.INVALID:
        raise Invalid("an altered dossier was not refused", where=str(altered), got=report.verdict)
    named = next(finding for finding in report.findings if finding.verdict is Verdict.INVALID)
    story.tell(f"one byte changed in {altered.name}: {report.verdict}, {named.part}: {named.reason} [{named.place}]")


def _wait(house: Installation, agreement: AgreementId, stage: Stage) -> AgreementState:
    return wait_until(house, agreement, lambda state: state.stage is stage, seconds=STEP_SECONDS)
