"""Is the connection fit to be written through, and is everything there that a sync writes to?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sync.destinations.answers import inside, word
from sync.destinations.exchange import Conversation, Request, UnreadableAnswer
from sync.destinations.names import problems
from sync.destinations.qualtrics.contacts import Options, key_of
from sync.destinations.qualtrics.wire import CRITERIA, counted, pages, result_of
from sync.destinations.spec import Health
from sync.destinations.transitions import segment_name
from sync.errors import Problem
from sync.model import Sync

if TYPE_CHECKING:
    from sync.destinations.qualtrics import Qualtrics, Settings

HOME_NAME = "zz data sync - do not send"


def check(qualtrics: Qualtrics) -> Conversation[Health]:
    """Datacenter, directory, deduplication, and the list all contacts are written through."""
    settings = qualtrics.connection
    response = yield Request("GET", "/whoami", to="api")
    who = result_of(response)
    brand, found = word(who.get("brandId")), word(who.get("datacenter"))
    if not (word(who.get("userName")) and brand):
        raise UnreadableAnswer("whoami did not name a user of a brand")
    account = f"{brand}/{settings.directory_id}"
    facts = {"datacenter": found, "user": word(who.get("userId"))}
    if inside(counted(response), "meta").get("notice") or found != settings.datacenter:
        text = f"the account lives in datacenter {found}, the connection says {settings.datacenter}"
        hint = "A call to the wrong datacenter is passed on, slowly, and imports fail there."
        fix = f"write datacenter: {found} for this connection"
        return Health(account, facts, [_unfit("datacenter", text, hint, fix)])
    directories = yield from pages("/directories")
    ours = [one for one in directories if one.get("directoryId") == settings.directory_id]
    if not ours:
        text = f"this token's user sees no directory {settings.directory_id}"
        hint = "XM Directory Lite and employee directories have none that can be written."
        fix = "write the POOL_ id that XM Directory shows as directory_id"
        return Health(account, facts, [_unfit("directory", text, hint, fix)])
    criteria = inside(ours[0], "deduplicationCriteria")
    rules = sorted(name for name, is_on in criteria.items() if is_on is True)
    facts |= {"deduplication": ", ".join(rules) or "off"}
    return Health(account, facts, (yield from _faults(settings, rules)))


def _faults(settings: Settings, rules: Sequence[str]) -> Conversation[Sequence[Problem]]:
    found: list[Problem] = []
    wanted = CRITERIA[settings.deduplicate_by]
    if wanted not in rules:
        text = f"automatic deduplication by {wanted} is off: every write would make a new contact"
        hint = "It takes a rule with this one field, in the directory's settings for deduplication."
        fix = "add that rule in XM Directory, or choose another deduplicate_by"
        found.append(_unfit("deduplication", text, hint, fix))
    if not (yield from _has_list(settings, settings.mailing_list)):
        text = f"there is no mailing list {settings.mailing_list} in {settings.directory_id}"
        hint = "Contacts are written through one list, on which everybody who was synced stands."
        fix = f"create a list named `{HOME_NAME}` and write its CG_ id as mailing_list"
        found.append(_unfit("mailing-list", text, hint, fix))
    return found


def _unfit(code: str, text: str, hint: str, fix: str) -> Problem:
    where_to = "in profiles.yml, then run: python -m sync debug"
    return Problem(f"qualtrics-{code}", text, hint=hint, fix=f"{fix} {where_to}")


def _has_list(settings: Settings, mailing_list: str) -> Conversation[bool]:
    response = yield Request("GET", settings.list_path(mailing_list), to="api")
    if response.status in (400, 404):
        return False
    counted(response)
    return True


def unready(qualtrics: Qualtrics, sync: Sync) -> Conversation[Sequence[Problem]]:
    """A key that contradicts the connection; a mailing list that is missing, or its own."""
    settings, found = qualtrics.connection, list[Problem]()
    key, by = key_of(sync), settings.deduplicate_by
    if key != by:
        text = f"the model identifies by {key}, but the connection deduplicates by {by}"
        own = "write `identify_by: {email: <column>}`" if by == "email" else "remove `identify_by`"
        fix = f"{own}, or set deduplicate_by: {key} for the connection in profiles.yml"
        found += problems(sync, "qualtrics-key", [(text, fix)])
    wanted = Options.of(sync).mailing_list
    if wanted == settings.mailing_list:
        text = f"mailing list {wanted} is the connection's own, which holds everybody"
        found += problems(sync, "qualtrics-list", [(text, "name a list of its own")])
    elif wanted is not None and not (yield from _has_list(settings, wanted)):
        text = f"there is no mailing list {wanted} in {settings.directory_id}"
        fix = f"create a list named `{segment_name(sync)}` and write its CG_ id in `mailing_list`"
        found += problems(sync, "qualtrics-list", [(text, fix)])
    return found
