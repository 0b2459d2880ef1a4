"""``make bench``: what the way costs here, and beside it, in the same run, what it is measured against."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks import ledger, naive, portal, rendering, signing, start_up, verification, way
from schemas.documents import Document
from schemas.fact import Status, open_facts
from schemas.loader import load_document

EXAMPLE = Path(__file__).parent.parent / "examples" / "gssc" / "mou-czech-cape-verdean-chamber.yaml"
DOCUMENTS = 20
WORKERS = 2
ROUNDS = 2


def main() -> None:
    """Measure and print."""
    print(f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f} at the start\n")
    print("Start of the fast commands (median of 5 cold processes, bound 1 s)")
    for name, seconds in start_up.medians().items():
        print(f"  {name:34} {seconds * 1000:7.0f} ms")
    _rendering(rendering.measure())
    documents = _documents()
    _verification(verification.measure(documents[0]))
    print()
    ledger.main()
    portal.main(documents[0])
    _signing(signing.measure(signing.approved_pdf()))
    print(f"\nFrom data to archived PDF, {len(documents)} memoranda of 2 signatures each, in turn")
    ratios = []
    for _ in range(ROUNDS):
        theirs, their_sizes = naive.archive_all(documents)
        _row("naive script", theirs, their_sizes)
        ours, our_sizes = way.archive_all(documents, workers=WORKERS)
        _row(f"Convenio, {WORKERS} workers", ours, our_sizes)
        ratios.append(theirs / ours)
    print(f"  ratio naive / Convenio: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")


def _rendering(measured: rendering.Measured) -> None:
    print(f"\n{measured.drafts} drafts of the partnership agreement, {measured.characters} characters each")
    print("  (processor time, medians)")
    for name, seconds in (("docxtpl, a new object each", measured.docxtpl), ("Convenio", measured.convenio)):
        print(f"  {name:26} {seconds * 1000:8.2f} ms each")
    print(f"  to make the template ready {measured.first * 1000:8.2f} ms, once")
    print(f"  ratio {measured.ratio:.1f}; {measured.equal} of {measured.drafts} bodies equal in canonical XML")


def _signing(measured: list[signing.Measured]) -> None:
    print("\nOne signature with its timestamp (processor time, medians), beside pyHanko as it comes and the bare act")
    for one in measured:
        ours, theirs, raw = (seconds * 1000 for seconds in (one.ours, one.pyhanko, one.raw))
        print(f"  {one.kind:10} Convenio {ours:7.1f} ms   pyHanko {theirs:7.1f} ms   bare {raw:6.2f} ms", end="")
        print(f"   ratio pyHanko / Convenio {theirs / ours:.2f}")


def _verification(measured: verification.Measured) -> None:
    print(f"\nVerifying (processor time, medians): a proof among {verification.LEAVES:,} leaves, and a whole dossier")
    print(f"  one proof, with the checkpoint's signature {measured.proof * 1000:8.3f} ms (goal 5)")
    print(f"  its hashes alone                           {measured.hashes * 1000:8.3f} ms")
    print(
        f"  dossier of {measured.size_bytes / 1000:.0f} kB                          {measured.dossier * 1000:8.0f} ms"
    )
    print(f"  its signatures alone                       {measured.signatures * 1000:8.0f} ms")


def _documents() -> list[Document]:
    example = load_document(EXAMPLE)
    content = example.model_dump(mode="python")
    for path, _ in open_facts(example):
        place = content
        for step in path.replace("[", ".[").split("."):
            place = place[int(step[1:-1])] if step.startswith("[") else place[step]
        place.update(status=Status.STATED, claims=())
    return [type(example).model_validate(content | {"title": f"{example.title}, {n}"}) for n in range(1, DOCUMENTS + 1)]


def _row(name: str, seconds: float, sizes: list[int]) -> None:
    kilobytes = sum(sizes) / len(sizes) / 1000
    print(f"  {name:26} {seconds:6.1f} s   {seconds / len(sizes) * 1000:6.0f} ms each   {kilobytes:5.0f} kB each")


if __name__ == "__main__":
    main()
