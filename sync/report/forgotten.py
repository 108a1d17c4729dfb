"""What has become of a person who is to be forgotten; nothing here names them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sync.report import words
from sync.state.digests import DIGEST_KEY, has_key
from sync.state.forgotten import STATE, Receipt

if TYPE_CHECKING:
    from sync.commands.forget import Result

PAST = {"delete": "deleted", "suppress": "suppressed"}
KEYED = f"a hash with the key of {DIGEST_KEY}"
UNKEYED = (
    f"a hash whose salt lies beside it, because {DIGEST_KEY} is not set: who may read the state can"
    " try identities against it"
)


def lines(result: Result) -> Iterator[str]:
    """For people, a line for each destination."""
    for receipt in result.receipts:
        yield _line(receipt, result.erased)
    yield f"What blocks adding the person again is {KEYED if has_key() else UNKEYED}."


def _line(receipt: Receipt, erased: int) -> str:
    if receipt.connection == STATE:
        when = f", on {words.moment(receipt.done_at)} UTC" if receipt.done_at else ""
        return f"state: {words.plural(erased, 'row')} erased" if erased else f"state: erased{when}"
    if receipt.status == "done" and not receipt.endpoint:
        return f"{receipt.connection}: {receipt.answer}"
    done = PAST.get(receipt.way, receipt.way)
    told = {
        "done": f"{done}, on {words.moment(receipt.done_at)} UTC",
        "asked": "asked, and not done yet",
        "failed": "not done",
        "left": "left as it is",
    }[receipt.status]
    facts = ": ".join(filter(None, (receipt.endpoint, receipt.answer)))
    return f"{receipt.connection}: {told} ({facts})"


def machine(result: Result) -> dict[str, Any]:
    """The same as fields of JSON."""
    receipts = [
        {name: getattr(receipt, name) for name in Receipt.__dataclass_fields__}
        for receipt in result.receipts
    ]
    return {
        "receipts": receipts,
        "owed": [{"what": what, **_plain(problem)} for what, problem in result.owed.items()],
        "erased_rows": result.erased,
        "has_digest_key": has_key(),
    }


def _plain(problem: Any) -> dict[str, str]:
    return {"code": problem.code, "message": problem.message, "fix": problem.fix}
