"""What other people's programs are asked about: an agreement of every type, each revision of its PDF, every example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.layout import working_key
from examples.render import example_files, render_example
from flows.checkpoints import publish_checkpoint
from flows.wiring import Installation
from schemas import events as ev
from schemas.evidence import AgreementId, Digest
from schemas.loader import load_document
from tests.every_type import Archive, example_of


@dataclass(frozen=True)
class Finished:
    """One archived agreement: the files of its revisions from the first seal on, oldest first."""

    document_type: str
    agreement: AgreementId
    revisions: tuple[Path, ...]

    @property
    def pdf(self) -> Path:
        return self.revisions[-1]


@dataclass(frozen=True)
class Corpus:
    """Files on disk, the trust anchors of their signatures as one PEM file, and the published ledger with its key."""

    finished: tuple[Finished, ...]
    examples: tuple[Path, ...]
    roots: Path
    log: Path
    verifier_key: str

    @property
    def revisions(self) -> list[Path]:
        return [path for one in self.finished for path in one.revisions]


def corpus_of(archive: Archive, folder: Path, types: Sequence[str]) -> Corpus:
    """Return an agreement of each type from ``archive``, led there where it is not yet, as files in ``folder``."""
    house = archive.house
    agreements = {name: archive.archived(example_of(name)) for name in types}
    roots = folder / "roots.pem"
    roots.write_text("".join(house.trust(house.clock()).roots))
    finished = tuple(_finished(folder, house, name, agreement) for name, agreement in agreements.items())
    publish_checkpoint(house)
    return Corpus(
        finished, _examples(folder, house, types), roots, house.home / "log", house.checkpoint_key.verifier_key
    )


def _finished(folder: Path, house: Installation, document_type: str, agreement: AgreementId) -> Finished:
    digests = [
        entry.entry.event.pdf
        for entry in house.ledger.entries(agreement)
        if isinstance(entry.entry.event, ev.Prepared | ev.Signed | ev.Concluded)
    ]
    return Finished(document_type, agreement, _written(folder, house, agreement, digests))


def _written(folder: Path, house: Installation, agreement: AgreementId, digests: Sequence[Digest]) -> tuple[Path, ...]:
    paths = [folder / f"{agreement}-{number}.pdf" for number in range(len(digests))]
    for path, digest in zip(paths, digests, strict=True):
        path.write_bytes(house.store.get(working_key(agreement, digest, "pdf")))
    return tuple(paths)


def _examples(folder: Path, house: Installation, types: Sequence[str]) -> tuple[Path, ...]:
    paths = []
    for source in (path for path in example_files() if load_document(path).document_type in types):
        made = render_example(source, house.office)
        path = folder / f"{made.name.as_posix().replace('/', '-')}.pdf"
        path.write_bytes(made.pdf)
        paths.append(path)
    return tuple(paths)
