"""`why`: one person or object, every sync, in sentences."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from sync.cli.allowing import LIMIT
from sync.cli.command import command
from sync.cli.sections import JSON, PROJECT, SELECTION, STATE
from sync.cli.session import Session
from sync.cli.showing import shown
from sync.errors import ConfigError
from sync.report.paint import printable

if TYPE_CHECKING:
    from sync.commands.why import Story
    from sync.project.project import Project


@command(SELECTION, PROJECT, STATE)
@click.argument("identity")
@LIMIT
@JSON
def why(session: Session, identity: str, limit: int | None) -> int:
    """Tell where IDENTITY stands in every sync: model, gates, deliveries, rejections, next run.

    IDENTITY is an identity, an event's id, or an address such as an e-mail.
    """
    from sync.commands.preflight import hold, look, planning
    from sync.commands.why import tell
    from sync.plan.guards import GuardLimits
    from sync.report.why import machine, sentences
    from sync.rules import AsOf

    project = session.load_sound()
    access = session.access(project)
    preflight = look(project, access)
    access = replace(access, as_of=AsOf(session.clock.now(), preflight.doubted, limit=limit))
    held = {g.sync.name: g.problem for g in preflight.gated if g.is_refused}
    holding = partial(hold, preflight, limits=GuardLimits())
    asked = partial(planning, preflight, access)
    stories = tell(access, project.syncs, identity.strip(), holding, asked)
    if session.is_machine:
        known = [machine(story, held.get(story.sync.name)) for story in stories]
        session.answer("why", identity=identity, syncs=known)
        return 0
    strangers = []
    for story in stories:
        if not story.is_known and story.problem is None:
            strangers.append(story.sync.name)
            continue
        head = f"{story.sync.model} -> {story.sync.connection}"
        session.say(session.terminal.paint_out(head, "bold"))
        told = sentences(story, held.get(story.sync.name), identity, map(shown, story.pending))
        session.say(*(f"  {printable(line)}" for line in told))
        if link := _link(project, story):
            session.say(f"  See {link}")
        session.say("")
    if strangers:
        session.say(f"Not in the model and never sent: {', '.join(strangers)}.")
    return 0


def _link(project: Project, story: Story) -> str | None:
    """The destination's own page about this person, where it has one and its settings are here."""
    vendor = project.registry.load(story.sync.vendor)
    if not story.memberships or "person_url" not in vendor.abilities:
        return None
    try:
        destination = vendor(project.load_connection(story.sync.connection))
    except ConfigError:
        return None
    member = story.memberships[0]
    link: str | None = destination.person_url(member.external_id or member.identity)
    return link
