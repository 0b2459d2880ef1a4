"""The stages as Prefect flows: short, async, idempotent, with names and artifacts that make the UI readable.

Parameters hold ids and numbers only: whoever sees the Prefect UI sees them. What a run may do is decided by the
ledger, so that a run started twice, late or by hand does nothing wrong.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from prefect import Flow, flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.states import Failed, State
from pydantic import BaseModel, Field

from flows import commands
from flows.collect import collect
from flows.conclude import conclude
from flows.draft import draft
from flows.due import Due
from flows.failures import keep_failure, outline
from flows.fixity import check_fixity
from flows.inbox import read_inbox, the_manager
from flows.notify import notify
from flows.prepare import prepare
from flows.publish import publish
from flows.renew import renew
from flows.stage import Outcome
from flows.sweep import sweep
from flows.webhooks import deliver
from flows.wiring import Installation
from schemas.errors import ConvenioError
from schemas.evidence import AgreementId

LOG = logging.getLogger("convenio.deployments")
"""Ends in the log of the runner, never in Prefect."""

Stage = Callable[[Installation, AgreementId, int], Outcome]

STAGES: dict[str, tuple[Stage, str]] = {
    "draft": (draft, "Fill the template, convert to PDF/A-3b, keep both, tell the reviewers."),
    "prepare": (prepare, "Attach data and DOCX to the approved PDF, make all fields, set the opening seal."),
    "collect": (collect, "Check the newest revision and invite everybody whose turn it is to sign."),
    "conclude": (conclude, "Closing seal, document timestamp, admission gate."),
    "publish": (publish, "Deposit the signed PDF, append the receipt, sign a checkpoint."),
    "renew": (renew, "Add a document timestamp to an archived document before its newest one ends; deposit it anew."),
    "notify": (notify, "Tell everybody whom an act concerns; the version is the number of its entry."),
    "webhook": (deliver, "Tell webhooks of an entry, whose number is the version; what is not taken is repeated."),
}
"""Every stage with what its deployment says about it."""


class NewAgreement(BaseModel):
    """What a manager gives to start an agreement from the Prefect UI."""

    file: str = Field(
        description="Name of a YAML or JSON file in the inbox folder of the installation, such as mou.yaml",
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*\.(ya?ml|json)$",
        max_length=100,
    )
    manager: str = Field(
        default="",
        description="Handle of the manager who asks (convenio people list shows it); empty if there is only one",
        pattern=r"^([0-9a-f]{12})?$",
    )


def stage_flows(house: Installation) -> Sequence[Flow[..., Any]]:
    """Return every flow of an installation, ready to be deployed."""
    stages = (_stage_flow(house, name) for name in STAGES)
    return [*stages, _sweep_flow(house), _fixity_flow(house), _new_agreement_flow(house)]


def _stage_flow(house: Installation, name: str) -> Flow[..., Any]:
    act, description = STAGES[name]

    @flow(name=name, description=description, validate_parameters=True, persist_result=False)
    async def stage(agreement: str, version: int) -> State | None:
        try:
            outcome = await asyncio.to_thread(act, house, AgreementId(agreement), version)
        except Exception as error:  # noqa: BLE001  # a failure of any kind is kept where people see it
            due = Due(name, AgreementId(agreement), version)
            await asyncio.to_thread(_keep, house, due, error)
            return _failed(f"{name} of {agreement}, version {version}", error)
        get_run_logger().info(outcome.summary)
        await _show(outcome)
        return None

    return stage


def _sweep_flow(house: Installation) -> Flow[..., Any]:
    @flow(name="sweep", description="Start again whatever the ledger says is due and nobody is doing.")
    async def sweep_all(*, also_refused: bool = False) -> State | None:
        """Sweep once; the form of Prefect's UI explains its fields by this docstring.

        Args:
            also_refused: Start refused stages as well, for when what they were refused for is mended.

        """
        patience = timedelta(seconds=house.settings.sweep_seconds)
        try:
            started = await asyncio.to_thread(sweep, house, patience=patience, also_refused=also_refused)
        except Exception as error:  # noqa: BLE001  # Prefect would show what an error says of people
            return _failed("the sweep", error)
        get_run_logger().info("%d stages were due and not under way", len(started))
        if started:
            rows = [{"agreement": due.agreement, "stage": due.stage, "version": due.version} for due in started]
            await acreate_table_artifact(table=rows, key="sweep", description="Stages started again")
        return None

    return sweep_all


def _fixity_flow(house: Installation) -> Flow[..., Any]:
    @flow(name="fixity", description="List every stored version, read what is due, and name what is wrong.")
    async def fixity(*, everything: bool = False) -> State | None:
        """Sweep the store once; the form of Prefect's UI explains its fields by this docstring.

        Args:
            everything: Read every object, not only those that are due today.

        """
        try:
            report = await asyncio.to_thread(check_fixity, house, everything=everything)
        except Exception as error:  # noqa: BLE001  # Prefect would show what an error says of people
            return _failed("the fixity sweep", error)
        said = f"{report.day}: {report.listed} versions listed, {report.read} read whole, {len(report.faults)} faults"
        if not report.faults:
            get_run_logger().info(said)
            return None
        rows = [{"damage": fault.damage, "key": fault.key, "version": fault.version or ""} for fault in report.faults]
        await acreate_table_artifact(table=rows, key="fixity", description=said)
        return Failed(message=said)

    return fixity


def _new_agreement_flow(house: Installation) -> Flow[..., Any]:
    @flow(
        name="new-agreement",
        description="Request an agreement from a file in the inbox folder. It is checked first; every fault is listed.",
        flow_run_name="new agreement · {request.file}",
    )
    async def new_agreement(request: NewAgreement) -> str | State:
        try:
            document = await asyncio.to_thread(read_inbox, house, request.file)
            manager = await asyncio.to_thread(the_manager, house, request.manager)
            done = await asyncio.to_thread(commands.request, house, document, by=manager.email)
        except Exception as error:  # noqa: BLE001  # Prefect would show what an error says of people
            return _failed(f"the request of {request.file}", error)
        state = done.state
        said = "requested" if done.changed else "was requested already"
        get_run_logger().info("%s %s", state.agreement, said)
        await acreate_markdown_artifact(
            markdown=f"# {state.agreement}\n\n{state.title}\n\n{state.agreement} {said}; data `{state.data}`.",
            key=f"{state.agreement.lower()}-request",
            description=f"{state.agreement} {said}",
        )
        return state.agreement

    return new_agreement


def _keep(house: Installation, due: Due, error: Exception) -> None:
    """Note the failure of a stage; where even that fails, the sweep takes the run for a lost one and repeats it."""
    try:
        keep_failure(house, due, error)
    except ConvenioError as fault:
        LOG.error("the failure of %s could not be kept: %s", due, fault)  # noqa: TRY400  # the diagnosis says it all


def _failed(what: str, error: Exception) -> State:
    """Return how a run ends that failed: an outline for Prefect, the whole diagnosis for the runner's log."""
    # a traceback would bury the diagnosis our own errors carry
    LOG.error("%s failed: %s", what, error, exc_info=None if isinstance(error, ConvenioError) else error)
    return Failed(message=outline(error))


async def _show(outcome: Outcome) -> None:
    if not outcome.acted:
        return  # the artifact of the run that acted stays the newest under its key
    rows = "\n".join(f"| {name} | `{value}` |" for name, value in outcome.particulars.items())
    table = f"\n\n| | |\n|---|---|\n{rows}" if rows else ""
    await acreate_markdown_artifact(
        markdown=f"# {outcome.agreement} · {outcome.stage}\n\n{outcome.summary}{table}\n",
        key=f"{outcome.agreement.lower()}-{outcome.stage}",
        description=outcome.summary,
    )
