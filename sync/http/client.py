"""Drives a conversation over the wire: paces, sends, retries, and says how it broke if it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import urlsplit

from sync.destinations.answers import words_of
from sync.destinations.exchange import WrongOutcomes
from sync.destinations.refusals import TOO_LARGE
from sync.destinations.spec import (
    NOTHING,
    BatchRefused,
    Begun,
    Conversation,
    Destination,
    Endpoint,
    NoAnswer,
    Request,
    Response,
    UnreadableAnswer,
    Verdict,
    Wait,
)
from sync.errors import DestinationError, Problem, SyncError, Unexpected, unexpected
from sync.http.addresses import address_of, not_running
from sync.http.body import encode
from sync.http.clock import wait
from sync.http.identities import Identities
from sync.http.pacing import Pacing, is_loopback
from sync.http.ports import (
    ANYTIME,
    LEASE_OVER,
    NOBODY_LISTENS,
    AnswerUnknown,
    Clock,
    Http,
    Permit,
    RequestRefused,
)
from sync.http.ports import TOO_LARGE as ANSWER_TOO_LARGE
from sync.http.redact import NOBODY, Redactor
from sync.http.retry import RetryPolicy, asked_seconds, verdict

T = TypeVar("T")

WRONG_NUMBER = "wrong-number-of-outcomes"
"""The code of items for which a destination has no outcome, though it was asked for one each."""


@dataclass(slots=True)
class Effects:
    """What one conversation may have left at the vendor."""

    acknowledged: int = 0
    """Writing requests that were answered with success."""
    is_doubtful: bool = False
    """An attempt ended without a complete answer, or with one that may follow an effect."""
    has_silence: bool = False
    """The conversation was told of a request without an answer, and went on."""
    has_effect: bool = False
    """Something that must not be sent twice was, or may have been, applied."""
    was_too_large: bool = False
    """A request was refused for its size."""
    stop: SyncError | None = None
    """The conversation went on after this, though the destination takes nothing more."""
    before_last: tuple[int, bool] = (0, False)
    """`acknowledged` and `has_effect` as they were before the last answer."""
    has_written: bool = False
    """A byte of a writing request may have left."""

    def answered(self, request: Request, response: Response) -> None:
        """Book an answer that the conversation reads; it may still turn out to be a refusal."""
        self.before_last = (self.acknowledged, self.has_effect)
        if 200 <= response.status < 300 and is_write(request):
            self.acknowledged += 1
            self.has_effect |= not request.is_repeatable

    def unanswered(self, why: NoAnswer | BatchRefused) -> None:
        """Book a request that brought no answer to read."""
        self.before_last = (self.acknowledged, self.has_effect)
        self.has_silence |= isinstance(why, NoAnswer) and why.may_be_applied
        self.was_too_large |= isinstance(why, BatchRefused) and why.code == TOO_LARGE

    def refused(self) -> None:
        """The last answer was no success after all."""
        self.acknowledged, self.has_effect = self.before_last

    @property
    def may_be_applied(self) -> bool:
        """Whether any part of the batch may already stand at the vendor."""
        return self.acknowledged > 0 or self.is_doubtful or self.has_silence


def is_write(request: Request) -> bool:
    """Whether sending it may change something at the vendor."""
    return request.method not in ("GET", "HEAD")


class Broken(Exception):
    """A conversation ended early; `how` says what that means for its items.

    RETRY: refused or never sent, attempts used up. RETRY_UNKNOWN: in doubt. SPLIT and SHRINK:
    refused as a whole. STOP: `error` says what to mend.
    """

    def __init__(
        self, how: Verdict, code: str, reason: str = "", error: SyncError | None = None
    ) -> None:
        self.how, self.code, self.reason, self.error = how, code, reason, error
        super().__init__(code)


@dataclass(slots=True)
class Client:
    """What one caller sends to one destination with, and what that has cost so far."""

    destination: Destination
    http: Http
    clock: Clock
    pace: Pacing
    policy: RetryPolicy
    is_stopping: Callable[[], bool]
    where: str = ""
    permit: Permit = ANYTIME
    requests: int = 0
    bytes: int = 0
    address: str = ""
    """Scheme, host and port that the last request was for."""
    others: Callable[[], Identities] = lambda: NOBODY
    """Who may be named in an answer."""
    begun: Callable[[Begun], None] = lambda begun: None
    """Is told of each job before it is asked about."""
    _redactor: Redactor | None = field(default=None)

    @property
    def redactor(self) -> Redactor:
        """Knows this destination's credentials; made when the first error needs it."""
        if self._redactor is None:
            self._redactor = Redactor.of(self.destination.endpoints)
        return self._redactor

    def drive(self, conversation: Conversation[T], effects: Effects) -> T:
        """Run the generator to its end; raises Broken. `effects` then has what may be applied.

        An error that nobody planned for stops the destination, and concerns this batch only as far
        as bytes of it may have left.
        """
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Request):
                    step = self._step(conversation, step, effects)
                elif isinstance(step, Begun):
                    self.begun(step)
                    step = conversation.send(NOTHING)
                elif wait(self.clock, step.seconds, self.is_stopping):
                    step = conversation.send(NOTHING)
                else:
                    raise Broken(Verdict.RETRY, "stopped")  # noqa: TRY301
        except StopIteration as end:
            result: T = end.value
            return result
        except BatchRefused as e:
            effects.refused()
            raise Broken(Verdict.SPLIT, e.code, e.reason) from None
        except (UnreadableAnswer, RecursionError) as e:
            effects.is_doubtful = True
            raise Broken(Verdict.RETRY_UNKNOWN, "unreadable-answer", str(e)) from None
        except Broken:
            raise
        except WrongOutcomes as e:
            effects.is_doubtful |= effects.has_written
            bug = misjudged(f"a stage of {self.destination.name} {e}", e.where)
            raise Broken(Verdict.STOP, WRONG_NUMBER, error=bug) from None
        except SyncError as e:
            raise Broken(Verdict.STOP, "stopped", error=e) from None
        except Exception as e:  # noqa: BLE001  a destination may be anybody's code
            effects.is_doubtful |= effects.has_written
            error = unexpected(e, f"what was under way with {self.destination.name}")
            raise Broken(Verdict.STOP, "unexpected", error=error) from None
        finally:
            conversation.close()

    def _step(
        self, conversation: Conversation[T], request: Request, effects: Effects
    ) -> Request | Wait | Begun:
        """What follows a request: its answer is sent into the conversation, or why there is none
        is thrown into it. What the conversation does not catch ends it."""
        was_doubtful, effects.is_doubtful = effects.is_doubtful, False
        try:
            answer = self._exchange(request, effects)
        except Broken as e:
            thrown = _thrown(e, effects.is_doubtful)
            is_doubtful, effects.is_doubtful = effects.is_doubtful or was_doubtful, was_doubtful
            effects.unanswered(thrown)
            effects.stop = e.error
            try:
                return conversation.throw(thrown)
            except (NoAnswer, BatchRefused) as uncaught:
                if uncaught is not thrown:
                    raise
                effects.is_doubtful = is_doubtful
                raise e from None
        effects.is_doubtful |= was_doubtful
        return conversation.send(answer)

    def _exchange(self, request: Request, effects: Effects) -> Response:
        endpoint = self._endpoint(request.to)
        if endpoint.headers:
            request = replace(request, headers={**endpoint.headers, **request.headers})
        if request.json is not None:
            headers = {"content-type": "application/json", **request.headers}
            request = replace(request, json=None, content=encode(request.json), headers=headers)
        rate = self.destination.limits.requests_per_second
        for attempt in range(1, self.policy.attempts + 1):
            if not self.pace.take(endpoint, rate, self.is_stopping):
                raise Broken(Verdict.RETRY, "stopped")
            effects.has_written |= is_write(request)
            how, code, response = self._attempt(endpoint, request)
            if how is Verdict.READ and response is not None:
                effects.answered(request, response)
                return response
            if how is Verdict.RETRY_UNKNOWN and is_write(request):
                effects.is_doubtful = True
                if not request.is_repeatable:
                    effects.has_effect = True
                    raise Broken(how, code)
            if code in (ANSWER_TOO_LARGE, LEASE_OVER):  # and would be so again
                raise Broken(how, code)
            if code == NOBODY_LISTENS and is_loopback(endpoint.base_url):
                raise Broken(
                    Verdict.STOP,
                    code,
                    error=not_running(self.destination.name, endpoint, self.where),
                )
            if how in (Verdict.SPLIT, Verdict.SHRINK) and response is not None:
                raise Broken(how, code, words_of(response))
            if how is Verdict.STOP and response is not None:
                raise Broken(how, code, error=self._stop(endpoint, response))
            if attempt == self.policy.attempts or not self._pause(endpoint, response, attempt):
                raise Broken(how, code, "" if response is None else words_of(response))
        raise AssertionError("a policy has at least one attempt")

    def _attempt(
        self, endpoint: Endpoint, request: Request
    ) -> tuple[Verdict, str, Response | None]:
        wanted = request.deadline_seconds or self.policy.deadline_seconds
        seconds = self.permit.seconds(wanted)
        if seconds <= 0:
            return Verdict.RETRY, LEASE_OVER, None
        self.requests += 1
        self.bytes += len(request.content or b"")
        self.address = address_of(endpoint)
        try:
            response = self.http.send(endpoint, request, seconds, self.permit)
        except RequestRefused as e:
            return Verdict.RETRY, str(e) or "unreachable", None
        except AnswerUnknown as e:
            return Verdict.RETRY_UNKNOWN, str(e) or "no-answer", None
        if response.status in request.reads:
            return Verdict.READ, "", response
        how = verdict(response, self.destination.verdicts, self.clock.now())
        return how, f"http-{response.status}", response

    def _pause(self, endpoint: Endpoint, response: Response | None, attempt: int) -> bool:
        """Wait before the next attempt; False when the budget is spent or a stop is wanted."""
        asked = None
        if response is not None:
            asked = asked_seconds(response, self.destination.limits, self.clock.now())
        backoff = self.policy.backoff(attempt, self.clock.random())
        if asked:  # "at once" is no advice after a refusal
            # Everybody who uses this credential waits; only what is new is charged to the budget.
            asked = self.pace.pause(endpoint, self.policy.pause(asked))
            return self.policy.budget.take(asked) and wait(self.clock, 0, self.is_stopping)
        return self.policy.budget.take(backoff) and wait(self.clock, backoff, self.is_stopping)

    def _endpoint(self, name: str) -> Endpoint:
        endpoints = self.destination.endpoints
        return endpoints[name] if name else next(iter(endpoints.values()))

    def _stop(self, endpoint: Endpoint, response: Response) -> DestinationError:
        vendor, host = self.destination.name, urlsplit(endpoint.base_url).hostname
        if response.status < 400:
            target = self.redactor.scrub(_host_of(response.headers.get("location", "")))
            return DestinationError(
                Problem(
                    "destination-redirect",
                    f"{vendor}: {host} answered {response.status} and points to "
                    f"{target or 'another address'}; "
                    "credentials are never sent after a redirect",
                    self.where,
                    "Usually the account lives in another region or behind another address.",
                    "set the region or base_url of this connection, then run: python -m sync debug",
                )
            )
        said = self.redactor.scrub(words_of(response), others=self.others())
        return DestinationError(
            Problem(
                "destination-credentials",
                f"{vendor}: {host} answered {response.status}" + (f": {said}" if said else ""),
                self.where,
                "The credential is wrong, revoked, of another region, or lacks a permission.",
                "renew the credential of this connection, then run: python -m sync debug",
            )
        )


def misjudged(text: str, where: str) -> Unexpected:
    """A destination that has no outcome for some items, as the bug that it is."""
    hint = "The rows of that batch are unconfirmed: the next run asserts them again."
    fix = "report it to the author of the destination, with this place"
    return Unexpected(Problem("unexpected", text, where, hint, fix), where, where)


def _thrown(e: Broken, may_be_applied: bool) -> NoAnswer | BatchRefused:
    """What a conversation gets to know of a request that ended like this.

    `may_be_applied`: an attempt before the last one had no answer.
    """
    if e.how is Verdict.SHRINK:
        return BatchRefused(TOO_LARGE, e.reason, may_be_applied)
    if e.how is Verdict.SPLIT:
        return BatchRefused(e.code, e.reason, may_be_applied)
    return NoAnswer(e.code, may_be_applied or e.how is Verdict.RETRY_UNKNOWN)


def _host_of(url: str) -> str:
    """The host that a vendor's address names; empty where it names none or is no address."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
