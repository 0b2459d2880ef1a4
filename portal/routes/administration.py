"""How the installation is: its health first, then its policies, delegations, and every act of an administrator."""

from __future__ import annotations

from fastapi import APIRouter, Response

from flows import commands
from flows.delegation_list import LOOKED_AT, delegation_lines
from flows.failures import standing_failures
from flows.health import HealthWatch
from flows.installation_timeline import deeds
from flows.policies import policies
from flows.server import PrefectPlace
from portal.administration_words import acts_in_words, parts, sources, ways
from portal.forms import Posted
from portal.visit import Administrator
from schemas.evidence import AgreementId

router = APIRouter()


@router.get("/administration")
def overview(visit: Administrator) -> Response:
    """Show how every part of the installation is, what is not well first, and stages that a person has to mend."""
    watch: HealthWatch = visit.request.app.state.health_watch
    found = watch.now(visit.house)
    return visit.show(
        "administration.html",
        health=found,
        parts_found=sorted(found.parts, key=lambda part: part.well),
        names=parts(visit.language),
        failures=standing_failures(visit.house),
        prefect=PrefectPlace(visit.house.home, visit.house.settings.prefect_port).ui_url,
        env=visit.house.settings.env,
    )


@router.post("/administration/try-again")
def try_again(visit: Administrator, form: Posted) -> Response:
    """Have a stage tried again that failed."""
    agreement = AgreementId(form.text("agreement"))
    stage, version = form.text("stage"), form.number("version")
    put = commands.try_again(visit.house, stage, agreement, version, by=visit.who.email)
    say = visit.language.say
    notice = (
        say("It is tried again: %(stage)s of %(id)s.", stage=stage, id=agreement)
        if put
        else say("It no longer stood there as failed: nothing was to be done.")
    )
    return visit.go("/administration", notice=notice)


@router.get("/administration/policies")
def all_policies(visit: Administrator) -> Response:
    """Show which signatures each type of document needs, and where that is set."""
    return visit.show(
        "administration_policies.html",
        found=policies(visit.house),
        ways=ways(visit.language),
        sources=sources(visit.language),
    )


@router.get("/administration/delegations")
def all_delegations(visit: Administrator) -> Response:
    """Show who signs for whom in documents under signature."""
    return visit.show("administration_delegations.html", lines=delegation_lines(visit.house), looked_at=LOOKED_AT)


@router.get("/administration/acts")
def acts(visit: Administrator, before: int | None = None, daily: bool = False) -> Response:  # noqa: FBT001, FBT002  # fields of the query
    """Show what was done to the installation, the newest first."""
    found, older = deeds(visit.house, before=before, daily=daily)
    return visit.show(
        "administration_acts.html",
        deeds=[(one, acts_in_words(visit.language, one)) for one in found],
        older=found[-1].counter if older else None,
        daily=daily,
        first=before is None,
    )
