"""What a macro says of arguments that it can't use, before anything is built."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.macros import CompilationError, Relation, Rendering

LADDER = (
    "activation.escalation_ladder('e', 'who', 'what', 'at', 'left', 'bought', [{}], quiet_hours=1)"
)


@cache
def _rendering(**variables: str) -> Rendering:
    return Rendering("duckdb", variables, {"nodes": {}})


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("activation.band('n', [1, 'two'])", "the edge `two` is not a number"),
        ("activation.band('n', [])", "0 edges need 1 labels"),
        ("activation.band('n', [1, 2], labels=['a', 'b'])", "2 edges need 3 labels"),
        ("activation.happened_within('d', 3, unit='weeks')", "`unit` is `weeks`"),
        ("activation.usage_window('d', 14, 7)", "opens after 14 days and closes after 7"),
        ("activation.in_usage_window('d', 14, 7)", "opens after 14 days and closes after 7"),
        ("activation.value_gate('v')", "neither at_least nor at_most"),
        ("activation.value_gate('v', at_least='much')", "`much` is not a number"),
        ("activation.margin_gate('p', 'c', 'much')", "`much` is not a number"),
        ("activation.held_out('h', 'who', 101)", "`percent` is `101`"),
        ("activation.held_out('h', 'who', '10 %')", "`percent` is `10 %`"),
        ("activation.tier('n', {'gold': 'much'})", "the threshold of `gold` is `much`"),
        ("activation.json_text('j', ['a', 'b\"c'])", '`b"c` is not a key'),
        (LADDER.format(""), "give at least one step"),
        (LADDER.format("{'name': 'call'}"), "step 1 is {'name': 'call'}"),
        (LADDER.format("{'name': 'left', 'after_hours': 1}"), "name no event twice"),
        (
            LADDER.format("{'name': 'call', 'after_hours': 1, 'cap': {'times': 1}}"),
            "the cap of `call` is {'times': 1}",
        ),
    ],
)
def test_a_macro_says_what_is_wrong_and_how_to_mend_it(call: str, said: str) -> None:
    with pytest.raises(CompilationError) as raised:
        _rendering().render(f"{{{{ {call} }}}}")
    assert said in str(raised.value)
    assert "fix: " in str(raised.value)


@pytest.mark.parametrize(
    ("variables", "call", "said"),
    [
        ({"as_of": "21.5.2024"}, "activation.as_of()", "`21.5.2024`, which is not a day"),
        ({"as_of_time": "2024-05-21"}, "activation.as_of_time()", "which is not a moment"),
    ],
)
def test_a_variable_that_is_no_day_or_moment_is_named(
    variables: dict[str, str], call: str, said: str
) -> None:
    with pytest.raises(CompilationError) as raised:
        _rendering(**variables).render(f"{{{{ {call} }}}}")
    assert said in str(raised.value)
    assert "--vars" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("canonical_identity", {"column_name": "who", "form": "fax"}, "`form` is `fax`"),
        ("trait_type", {"column_name": "n", "family": "numbers"}, "`family` is `numbers`"),
        ("fresh_within_sla", {"column_name": "at"}, "is not given"),
        ("fresh_within_sla", {"column_name": "at", "sla": "a day"}, "`a day`"),
        ("consent_given", {"column_name": "who"}, "requires no consent of its own columns"),
        (
            "consent_given",
            {"column_name": "who", "consents": Relation("consents")},
            "requires no consent of consents",
        ),
    ],
)
def test_a_generic_test_says_what_is_wrong_and_how_to_mend_it(
    name: str, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(CompilationError) as raised:
        _rendering().test(name, model=Relation("people"), **arguments)
    assert said in str(raised.value)
    assert "fix: " in str(raised.value)
