"""Cases of the shared rules for documents whose examples nobody signs."""

from __future__ import annotations

from collections.abc import Callable

from tests.schemas.types.rule_cases import Broken, Data


def signed(*jointly: list[str], parties: tuple[int, ...] = ()) -> Callable[[Data], None]:
    """Return the change that adds signatories s0, s1 and so on, each with those that sign jointly."""

    def change(data: Data) -> None:
        data["signatories"] = [
            {
                "id": f"s{number}",
                "party": data["parties"][parties[number] if parties else 0]["id"],
                "name": "Signatory",
                "position": "President",
                "email": f"s{number}@example.org",
                "authority": {"kind": "statute", "reference": "Statutes"},
                "jointly_with": others,
            }
            for number, others in enumerate(jointly)
        ]

    return change


PLACE = "signatories[0].jointly_with[0]"
FAILING = {
    "joint_signatories_all_sign": [
        Broken(signed(["somebody"]), PLACE, "is no signatory of this document"),
        Broken(signed(["s0"]), PLACE, "cannot sign jointly with themselves"),
        Broken(signed(["s1"], [], parties=(0, 1)), PLACE, "s1 signs for"),
    ],
}
PASSING = {"joint_signatories_all_sign": [signed(["s1"], ["s0"])]}
