"""What to say when somebody asks for a key nobody knows: the name, and the nearest one that exists."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from schemas.errors import Refused


def unknown(kind: str, key: str, known: Collection[str]) -> Refused:
    """Return the refusal for an unknown ``key``; ``kind`` is what it would name, such as ``agreement``."""
    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(key.casefold(), by_folded, n=1, cutoff=0.6)
    return Refused(
        f"no {kind} is called {key}",
        got=key,
        remedy=f"did you mean {by_folded[near[0]]}?" if near else f"list what there is; {len(known)} known",
    )
