"""Write the seeds of examples/saas: a software company with 66 customers, all of it made up.

The same files come out each time. Days are counted from AS_OF, on which the example looks; a few
days more are there, so that time can pass.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

SEEDS = Path(__file__).resolve().parent.parent / "examples" / "saas" / "seeds"
AS_OF = date(2026, 3, 16)
FUTURE_DAYS = 3
FOREVER = "9999-12-31 23:59:59"
FIRST = "Amber Birch Cedar Delta Ember Fjord Grove Harbor Indigo Juniper Kelp Lumen Maple Nimbus"
SECOND = "Analytics Foods Freight Health Labs Logistics Media Optics Robotics Studios Systems Works"
STEPS = ("source_connected", "report_created", "teammate_invited")
PRICES = {  # price: (plan, unit amount in minor units, currency, interval, count)
    "price_team_month": ("team", 2000, "usd", "month", 1),
    "price_team_month_jpy": ("team", 3000, "jpy", "month", 1),
    "price_business_month": ("business", 4500, "usd", "month", 1),
    "price_business_year": ("business", 48000, "usd", "year", 1),
    "price_business_quarter_eur": ("business", 12000, "eur", "month", 3),
    "price_enterprise_year": ("enterprise", 90000, "usd", "year", 1),
}
LIMITS = {
    "free": {"seats": 3, "projects": 3},
    "team": {"seats": 8, "projects": 12},
    "business": {"seats": 30, "projects": 60},
}
USD = {"usd": (1, 100), "eur": (1.1, 100), "jpy": (0.0066, 1)}  # rate, minor units in one unit
Row = dict[str, Any]


class Company:
    """All rows, by seed. `day` is always counted from AS_OF; yesterday is -1."""

    def __init__(self) -> None:
        self.random = Random(20260316)
        self.rows: dict[str, list[Row]] = {}
        self.people: dict[str, list[str]] = {}
        self.projects: dict[str, int] = {}

    def add(self, seed: str, **row: Any) -> None:
        """One more row of a seed."""
        self.rows.setdefault(seed, []).append(row)

    def account(self, story: str, born: int, people: int, employees: int = 20) -> str:
        """A customer with its people; the first of them is its owner."""
        number = len(self.people) + 1
        account = f"a_{number:03}"
        first, second = FIRST.split(), SECOND.split()
        name = f"{first[number % len(first)]} {second[number * 5 % len(second)]}"
        self.add(
            "accounts",
            account_id=account,
            account_name=name,
            employee_count=employees,
            is_internal=str(story == "internal").lower(),
            created_at=moment(born, 8, number % 60),
        )
        self.people[account] = []
        for place in range(people):
            self.person(account, born if place < 2 else min(born + 2 * place, -1))
        return account

    def person(self, account: str, born: int, role: str = "", left: int | None = None) -> str:
        """One more user of an account."""
        user = f"u_{sum(map(len, self.people.values())) + 1:04}"
        is_first = not self.people[account]
        typed = f"{user}@{account.replace('_', '')}.example.com"
        self.add(
            "users",
            user_id=user,
            account_id=account,
            typed_email=f" {typed.upper()} " if user.endswith("7") else typed,
            role=role or ("owner" if is_first else "member"),
            created_at=moment(born, 9, int(user[2:]) % 60),
            deactivated_at="" if left is None else moment(left, 12),
        )
        self.prefer(user, born, is_opted_in=int(user[2:]) % 5 != 0)
        self.event(user, "signed_up", born, 9, anonymous=f"anon_{user[2:]}")
        self.people[account].append(user)
        return user

    def prefer(self, user: str, day: int, is_opted_in: bool, is_left_alone: bool = False) -> None:
        """What a person agrees to from then on."""
        self.add(
            "contact_preferences",
            user_id=user,
            marketing_opt_in=str(is_opted_in).lower(),
            do_not_contact=str(is_left_alone).lower(),
            changed_at=moment(day, 10),
        )

    def event(self, user: str, name: str, day: int, hour: int = 11, anonymous: str = "") -> None:
        """Something that somebody did in the product."""
        self.add(
            "product_events",
            event_id=f"e_{len(self.rows.get('product_events', ())) + 1:05}",
            anonymous_id=anonymous,
            user_id=user,
            event=name,
            occurred_at=moment(day, hour, self.random.randrange(60)),
        )

    def steps(self, account: str, days: Iterable[int]) -> None:
        """The steps of the setup, by its owner, as far as there are days for them."""
        for step, day in zip(STEPS, days, strict=False):
            self.event(self.people[account][0], step, day, 14)

    def use(self, account: str, days: range, share: float) -> None:
        """Sessions on working days; a share of the people works on each."""
        for day in days:
            if (AS_OF + timedelta(days=day)).weekday() >= 5:
                continue
            people = self.people[account]
            for user in people[: max(1, round(len(people) * share))] if share else ():
                self.event(user, "session_started", day, 8 + self.random.randrange(9))

    def make_projects(self, account: str, count: int, day: int) -> None:
        """Projects, all on one day."""
        for _ in range(count):
            self.event(self.people[account][0], "project_created", day, 15)

    def ticket(self, account: str, priority: str, day: int, solved: int | None = None) -> None:
        """A support ticket of an account's owner."""
        self.add(
            "support_tickets",
            ticket_id=f"t_{len(self.rows.get('support_tickets', ())) + 1:03}",
            user_id=self.people[account][0],
            priority=priority,
            opened_at=moment(day, 13),
            solved_at="" if solved is None else moment(solved, 16),
        )

    def stripe(self, account: str, *versions: Row) -> None:
        """A Stripe subscription in Fivetran's history mode: each version lasts to the next one."""
        number = account[2:]
        self.add(
            "stripe_customers",
            id=f"cus_{number}",
            currency=PRICES[versions[0]["price"]][2],
            metadata=json.dumps({"account_id": account}),
            is_deleted="false",
            livemode="true",
        )
        ends = [moment(version["day"], 12) for version in versions[1:]] + [FOREVER]
        for version, end in zip(versions, ends, strict=True):
            start = moment(version["day"], 12)
            self.version(number, version["price"], version["seats"], version, start, end)

    def version(
        self, key: str, price: str, seats: int, of: Row, start: str, end: str, is_live: str = "true"
    ) -> None:
        """One version of a subscription and of its only item.

        Where the item says until when it is paid, as since Stripe's API of 2025-03-31, the
        subscription does not, and the other way round.
        """
        renews = moment(of.get("renews", 20), 12)
        is_new_api = key.isdigit() and int(key) % 2 == 0
        lasts = {"_fivetran_start": start, "_fivetran_end": end}
        self.add(
            "stripe_subscription_history",
            id=f"sub_{key}",
            customer_id=f"cus_{key}",
            status=of.get("status", "active"),
            current_period_end="" if is_new_api else renews,
            cancel_at=moment(of["cancels"], 12) if "cancels" in of else "",
            trial_end=moment(of["trial"], 12) if "trial" in of else "",
            livemode=is_live,
            **lasts,
        )
        self.add(
            "stripe_subscription_item_history",
            id=f"si_{key}",
            subscription_id=f"sub_{key}",
            plan_id=price,
            quantity=seats,
            current_period_end=renews if is_new_api else "",
            **lasts,
        )

    def chargebee(self, account: str, *versions: Row) -> None:
        """A Chargebee subscription as Airbyte appends it: one row for each update."""
        for version in versions:
            ends = version.get("cancels")
            self.add(
                "chargebee_subscriptions",
                id=f"cb_{account[2:]}",
                cf_account_id=account,
                status=version.get("status", "active"),
                plan_id=version["plan"],
                plan_quantity=version["seats"],
                currency_code=version.get("currency", "USD"),
                mrr=version["mrr"],
                current_term_end=epoch(version.get("renews", 40)),
                cancelled_at="" if ends is None else epoch(ends),
                trial_end="",
                updated_at=epoch(version["day"]),
                deleted="false",
            )


def moment(day: int, hour: int = 0, minute: int = 0) -> str:
    """A timestamp so many days after AS_OF."""
    at = datetime(AS_OF.year, AS_OF.month, AS_OF.day, hour, minute) + timedelta(days=day)
    return at.strftime("%Y-%m-%d %H:%M:%S")


def epoch(day: int) -> int:
    """Noon of that day in Unix seconds."""
    at = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12, tzinfo=UTC) + timedelta(days=day)
    return int(at.timestamp())


LAST = FUTURE_DAYS + 1


def paying(c: Company, count: int) -> None:
    """Customers who are well, by both billing systems, in three currencies and four intervals."""
    prices = list(PRICES)
    for number in range(count):
        account = c.account("paying", -200 - number, 3 + number % 3, 30 + number * 7)
        c.steps(account, (-195, -190, -180))
        c.use(account, range(-63, LAST), 0.4)
        c.make_projects(account, 4, -100)
        if number % 3:
            price = prices[number % len(prices)]
            c.stripe(account, {"day": -190, "price": price, "seats": 6 + number % 2})
        else:
            c.chargebee(account, {"day": -190, "plan": "business", "seats": 10, "mrr": 45000})


def newcomers(c: Company) -> None:
    """Accounts of the last weeks: some get on, some are stuck, at each of the three steps."""
    for born, days in (
        (-1, ()),  # too new to be stuck
        (-2, (-1,)),
        (-6, ()),  # stuck at each step ...
        (-8, ()),
        (-9, (-8,)),
        (-10, (-9,)),
        (-12, (-11, -10)),
        (-14, (-12, -9)),
        (-7, (1,)),  # ... until tomorrow
        (-9, (-7, 1)),
        (-2, ()),  # stuck from tomorrow on
        (-45, (-44,)),  # given up
        (-11, (-10, -8, -5)),  # done
        (-13, (-12, -11, -9)),
    ):
        account = c.account("new", born, 1 + len(days) // 2)
        c.steps(account, days)
        c.use(account, range(max(born, -5), LAST), 0.5)


def leads(c: Company) -> None:
    """Free and trial accounts that use the product hard."""
    for number in range(10):
        account = c.account("lead", -30 - number, 3, 30 if number == 7 else 20 + number * 12)
        c.steps(account, (-29 - number, -27 - number, -25 - number))
        c.use(account, range(-14, LAST), 1)
        c.make_projects(account, 2 + number % 2, -12)
        owner = c.people[account][0]
        if number < 8:
            c.event(owner, "pricing_viewed", -3 if number != 7 else 1, 16)
        trial = {"price": "price_business_month", "seats": 3, "status": "trialing", "trial": 5}
        if number == 2:
            c.stripe(account, {"day": -8, **trial})
        if number == 3:  # buys tomorrow
            c.stripe(
                account,
                {"day": -8, **trial},
                {"day": 1, "price": "price_business_month", "seats": 3},
            )
    quiet = [c.account("free", -90 - n, 1 + n % 2, 5) for n in range(8)]
    for account in quiet:
        c.steps(account, (-80,))
        c.use(account, range(-20, -15), 0.5)


def at_risk(c: Company) -> None:
    """Customers whose use falls, whose payment fails, who wait for support, or who give notice."""
    team = {"price": "price_team_month", "seats": 6}
    for number in range(8):
        account = c.account("risk", -150 - number, 4, 40)
        c.steps(account, (-149, -148, -147))
        c.make_projects(account, 3, -100)
        first = {"day": -140, **team}
        if number < 4:  # use falls; it is back tomorrow, twice, or by half, or not at all
            back, share = ((-3, 1), (-3, 1), (-2, 0.5), (LAST, 0))[number]
            c.use(account, range(-63, -9), 0.75)
            c.use(account, range(back, LAST), share)
        else:
            c.use(account, range(-63, LAST), 0.5)
        if number == 4:
            c.stripe(account, first, {"day": -3, **team, "status": "past_due"})
        elif number == 5:  # pays tomorrow
            c.stripe(account, first, {"day": -3, **team, "status": "past_due"}, {"day": 1, **team})
        elif number == 6:
            c.stripe(account, first, {"day": -2, **team, "cancels": 12})
        else:
            c.stripe(account, first)
        if number == 7:
            c.ticket(account, "urgent", -4)
        if number == 3:
            c.ticket(account, "urgent", -6, 2)
    gone = c.account("gone", -300, 3)
    last = {"plan": "team", "seats": 5, "mrr": 10000}
    c.steps(gone, (-299, -298, -297))
    c.use(gone, range(-63, -30), 0.5)
    c.chargebee(
        gone,
        {"day": -290, **last},
        {"day": -20, **last, "status": "cancelled", "cancels": -20},
    )


def at_limits(c: Company) -> None:
    """Customers at the limits of their plan; some of them upgrade, now or tomorrow."""
    team = {"price": "price_team_month", "seats": 8}
    for number in range(12):
        account = c.account("limit", -120 - number, 8 if number % 2 else 5, 60)
        c.steps(account, (-119, -118, -117))
        c.use(account, range(-63, LAST), 0.4)
        c.make_projects(account, 4 if number % 2 else 11 + number % 3, -40)
        first = {"day": -110, **team}
        if number == 8:  # upgraded a week ago
            c.stripe(account, first, {"day": -7, "price": "price_business_month", "seats": 8})
        elif number == 9:  # upgrades tomorrow
            c.stripe(account, first, {"day": 1, "price": "price_business_year", "seats": 12})
        elif number == 10:  # the same by Chargebee
            c.chargebee(
                account,
                {"day": -110, "plan": "team", "seats": 8, "mrr": 16000},
                {"day": 1, "plan": "business", "seats": 8, "mrr": 36000},
            )
        else:
            c.stripe(account, first)


def odd(c: Company) -> None:
    """Rows that real exports hold too: our own account, test mode, deleted customers, strangers."""
    internal = c.account("internal", -400, 3)
    c.steps(internal, (-399, -398, -397))
    c.use(internal, range(-30, LAST), 1)
    c.make_projects(internal, 3, -20)
    c.event(c.people[internal][0], "pricing_viewed", -2)
    for name, is_deleted, is_live in (("old", "true", "true"), ("test", "false", "false")):
        c.add(
            "stripe_customers",
            id=f"cus_{name}",
            currency="usd",
            metadata=json.dumps({"account_id": "a_001"}),
            is_deleted=is_deleted,
            livemode=is_live,
        )
        c.version(name, "price_enterprise_year", 90, {}, moment(-190), FOREVER, is_live)
    for number in range(12):
        c.event("", "page_viewed", -6 + number % 6, 10, anonymous=f"anon_x{number:02}")
        c.event("", "pricing_viewed", -6 + number % 6, 10, anonymous=f"anon_x{number:02}")


def people_who_change(c: Company) -> None:
    """Who says no, today or tomorrow, and who has left an account."""
    owners = {account: people[0] for account, people in c.people.items()}
    by_story = list(owners.values())
    c.prefer(by_story[18], -5, is_opted_in=False, is_left_alone=True)
    c.prefer(by_story[42], -10, is_opted_in=False, is_left_alone=True)
    c.prefer(by_story[58], 1, is_opted_in=False)
    c.prefer(by_story[56], 1, is_opted_in=False, is_left_alone=True)
    c.person("a_003", -60, role="admin", left=-10)


def tables(c: Company) -> None:
    """What somebody keeps by hand."""
    for price, (plan, amount, currency, interval, count) in PRICES.items():
        c.add(
            "stripe_prices",
            id=price,
            product_id=f"prod_{plan}",
            lookup_key=plan,
            unit_amount=amount,
            currency=currency,
            recurring_interval=interval,
            recurring_interval_count=count,
        )
    for plan, limits in LIMITS.items():
        for name, value in limits.items():
            c.add("plan_limits", plan_key=plan, limit_name=name, limit_value=value)
    for currency, (rate, minor) in USD.items():
        c.add("exchange_rates", currency=currency, usd_per_unit=rate, minor_units=minor)
    for number, (name, left) in enumerate(
        (("Ines", ""), ("Jonah", ""), ("Kaya", ""), ("Lars", moment(-60)[:10])), start=1
    ):
        c.add(
            "sales_reps",
            rep_id=f"rep_{number}",
            rep_name=name,
            rep_email=f"{name.lower()}@example.com",
            joined_on=moment(-500)[:10],
            left_on=left,
        )
    for number in (15, 21, 30):
        c.add("pilot_accounts", account_id=f"a_{number:03}")


def write(rows: Mapping[str, list[Row]], folder: Path = SEEDS) -> None:
    """One CSV file for each seed."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, lines in rows.items():
        with (folder / f"{seed}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)


def company() -> Company:
    """All of it."""
    c = Company()
    paying(c, 12)
    newcomers(c)
    leads(c)
    at_risk(c)
    at_limits(c)
    odd(c)
    people_who_change(c)
    tables(c)
    return c


if __name__ == "__main__":
    write(company().rows)
