"""``make interop``: asks the programs of others about every kind of file, and writes ``docs/conformance.md``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from schemas.documents import document_types
from templates.convert import OfficePool
from tests.every_type import archive_of_examples
from tests.installation import RememberingOffice
from tests.interop.conformance import PAGE, ask_all, page
from tests.interop.corpus import corpus_of
from tests.interop.programs import missing


def main() -> int:
    """Return 0 where every program accepts everything, 1 where one does not, 2 where one is missing."""
    if absent := missing():
        sys.stderr.write("\n  ".join(["make interop needs programs that are not installed:", *absent]) + "\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="convenio-interop-") as folder, OfficePool(deadline_seconds=90) as pool:
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        with archive_of_examples(Path(folder) / "home", RememberingOffice(pool)) as archive:
            results = ask_all(corpus_of(archive, Path(folder), document_types()), scratch)
    PAGE.write_text(page(results), encoding="utf-8")
    sys.stdout.write(page(results))
    accepted = (
        all(row.conforms for row in results.rows)
        and all(found.compliant for found in results.examples)
        and results.log_verified
    )
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main())
