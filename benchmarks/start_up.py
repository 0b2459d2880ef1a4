"""How long the fast commands take from a cold process, beside an empty Python and `import prefect`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLE = Path(__file__).parent.parent / "examples" / "gssc" / "mou-czech-cape-verdean-chamber.yaml"


def medians(runs: int = 5) -> dict[str, float]:
    """Return the median wall seconds of each command over ``runs`` runs, after one that does not count."""
    convenio = str(Path(sys.executable).with_name("convenio"))
    with tempfile.TemporaryDirectory(prefix="convenio-bench-") as home:
        environment = {**os.environ, "CONVENIO_HOME": home, "CONVENIO_AS": "manager@example.org"}

        def run(*command: str, quiet: bool = True) -> str:
            done = subprocess.run(command, env=environment, check=True, capture_output=quiet, text=True)
            return done.stdout

        run(convenio, "people", "add", "manager@example.org", "--role", "manager")
        run(convenio, "new", str(EXAMPLE))
        agreement = run(convenio, "list").splitlines()[1].split()[0]
        commands = {
            "python -c pass (floor)": (sys.executable, "-c", "pass"),
            "convenio check FILE": (convenio, "check", str(EXAMPLE)),
            "convenio list": (convenio, "list"),
            "convenio show ID": (convenio, "show", agreement),
            "convenio verify --help": (convenio, "verify", "--help"),
            "import prefect (for comparison)": (sys.executable, "-c", "import prefect"),
        }
        found = {}
        for name, command in commands.items():
            run(*command)
            found[name] = statistics.median(_seconds(lambda c=command: run(*c)) for _ in range(runs))
        return found


def _seconds(act) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
