"""Objects, relationships, devices, preferences, version 1 of the Track API, anonymous events."""

from __future__ import annotations

import pytest

ACME = {"object_type_id": "1", "object_id": "acme"}


def thing(action, /, **more):
    return {"type": "object", "action": action, "identifiers": ACME, **more}


def related(identity, **attributes):
    return {"identifiers": {"id": identity}, "relationship_attributes": attributes}


def test_an_object_merges_attributes_and_null_or_empty_removes(customerio):
    customerio.batch(thing("identify", attributes={"name": "Kiosk", "tier": "gold", "x": 1}))
    customerio.batch(thing("identify", attributes={"tier": None, "x": ""}))
    (stored,) = customerio.control.objects()
    assert stored["attributes"] == {"name": "Kiosk"}


def test_relationships_are_added_changed_and_removed_from_either_side(customerio, identify):
    customerio.batch(identify("u1"), identify("u2"), thing("identify"))
    both = [related("u1", role="owner"), related("u2")]
    customerio.batch(thing("add_relationships", cio_relationships=both))
    customerio.batch(
        {
            "type": "person",
            "action": "add_relationships",
            "identifiers": {"id": "u2"},
            "cio_relationships": [{"identifiers": ACME, "relationship_attributes": {"role": "x"}}],
        }
    )
    roles = {
        p["identifiers"]["id"]: p["attributes"] for p in customerio.control.objects()[0]["people"]
    }
    assert roles == {"u1": {"role": "owner"}, "u2": {"role": "x"}}
    customerio.batch(thing("delete_relationships", cio_relationships=[related("u1")]))
    assert customerio.control.person("u1")["relationships"] == []
    customerio.batch(thing("delete"))
    assert customerio.control.person("u2")["relationships"] == []
    assert customerio.control.objects() == []


@pytest.mark.parametrize(("policy", "objects"), [("create", 1), ("ignore", 0)])
def test_relating_to_an_unknown_object_follows_the_switch(customerio, identify, policy, objects):
    customerio.control.set_switch("unknown_object", policy)
    customerio.batch({**identify("u1"), "cio_relationships": [{"identifiers": ACME}]})
    assert len(customerio.control.objects()) == objects
    assert len(customerio.control.person("u1")["relationships"]) == objects


@pytest.mark.parametrize(("policy", "people"), [("create", 1), ("ignore", 0)])
def test_events_and_relations_of_unknown_people_follow_the_switch(
    customerio, event, policy, people
):
    customerio.control.set_switch("unknown_person", policy)
    customerio.batch(thing("identify"))
    customerio.batch(event("u1", "paid"))
    customerio.batch(thing("add_relationships", cio_relationships=[related("u1")]))
    assert len(customerio.control.people()) == people
    assert len(customerio.control.objects()[0]["people"]) == people
    assert len(customerio.activities("failed_event")) == 1 - people


def test_an_object_type_must_exist(customerio):
    bad = {**thing("identify"), "identifiers": {"object_type_id": "9", "object_id": "acme"}}
    response = customerio.batch(bad, thing("identify"))
    assert [e["field"] for e in response.json()["errors"]] == ["identifiers.object_type_id"]


def test_the_vendors_own_object_id_updates_but_never_creates(customerio):
    customerio.batch(thing("identify"))
    key = customerio.control.objects()[0]["key"]
    own = {**thing("identify", attributes={"a": 1}), "identifiers": {"cio_object_id": key}}
    unknown = {**own, "identifiers": {"cio_object_id": "ob999999"}}
    assert customerio.batch(own, unknown).status_code == 200
    assert [o["attributes"] for o in customerio.control.objects()] == [{"a": 1}]


def test_objects_can_be_read_through_the_app_api(customerio, identify):
    customerio.batch(identify("u1"))
    customerio.batch(thing("identify", attributes={"n": 1}, cio_relationships=[related("u1")]))
    shown = customerio.app("GET", "/objects/1/acme/attributes").json()["object"]
    assert shown["attributes"] == {"n": "1"}
    (relation,) = customerio.app("GET", "/objects/1/acme/relationships").json()["cio_relationships"]
    assert relation["identifiers"]["id"] == "u1"
    found = customerio.app("POST", "/objects", {"object_type_id": "1"}).json()
    assert [i["object_id"] for i in found["identifiers"]] == ["acme"]


def test_a_dotted_preference_leaves_its_siblings_alone(customerio, identify):
    name = "cio_subscription_preferences"
    customerio.batch(identify("u1", **{name: {"topics": {"topic_1": True, "topic_2": True}}}))
    customerio.batch(identify("u1", **{f"{name}.topics.topic_2": False}))
    assert customerio.attributes("u1")[name] == {"topics": {"topic_1": True, "topic_2": False}}
    customerio.batch(identify("u1", **{name: {"topics": {"topic_3": True}}}))
    assert customerio.attributes("u1")[name] == {"topics": {"topic_3": True}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("TRUE", True), (1, True), ("1", True), (True, True), ("no", False), (0, False), ("", False)],
)
def test_only_true_and_one_unsubscribe(customerio, identify, value, expected):
    customerio.batch(identify("u1", unsubscribed=value))
    shown = customerio.app("GET", "/customers/u1/attributes").json()["customer"]
    assert shown["unsubscribed"] is expected


def test_version_1_guesses_the_identifier_from_its_shape(customerio, identify):
    customerio.track("PUT", "/api/v1/customers/a%2Fb%20c", {"plan": "a"})
    customerio.track("PUT", "/api/v1/customers/x%40y.io", {"plan": "b"})
    assert customerio.control.person("a/b c")["identifiers"] == {"id": "a/b c"}
    person = customerio.control.person("x@y.io")
    assert person["identifiers"] == {"email": "x@y.io"}
    customerio.track("PUT", f"/api/v1/customers/cio_{person['key']}", {"plan": "c"})
    assert customerio.attributes("x@y.io") == {"plan": "c"}


def test_version_1_refuses_in_its_own_envelope(customerio):
    long = {"note": "x" * 1001}
    identified = customerio.track("PUT", "/api/v1/customers/u1", long)
    assert (identified.status_code, list(identified.json()["meta"])) == (400, ["error"])
    tracked = customerio.track("POST", "/api/v1/customers/u1/events", {"name": ""})
    assert (tracked.status_code, list(tracked.json()["meta"])) == (400, ["errors"])
    assert customerio.control.people() == []


def test_version_1_relationships_stand_in_the_body(customerio):
    relation = {"action": "add_relationships", "relationships": [{"identifiers": ACME}]}
    body = {"plan": "a", "cio_relationships": relation}
    assert customerio.track("PUT", "/api/v1/customers/u1", body).status_code == 200
    assert customerio.attributes("u1") == {"plan": "a"}
    assert len(customerio.control.person("u1")["relationships"]) == 1


def test_anonymous_events_join_the_person_who_turns_out_to_be_theirs(customerio, identify):
    now = int(customerio.clock.now)
    for name, age in (("recent", 3600), ("ancient", 31 * 24 * 3600)):
        body = {"name": name, "anonymous_id": "anon", "timestamp": now - age}
        assert customerio.track("POST", "/api/v1/events", body).content == b"{}\n"
    assert {e["person"] for e in customerio.control.events()} == {None}
    customerio.batch(identify("u1", anonymous_id="anon"))
    assert [(e["who"], e["name"]) for e in customerio.control.events()] == [("u1", "recent")]


def test_devices_use_another_key_in_each_version(customerio, identify):
    add = {**identify("u1"), "action": "add_device", "device": {"token": "t1", "platform": "ios"}}
    wrong = {**add, "device": {"id": "t1", "platform": "ios"}}
    response = customerio.batch(add, wrong)
    assert [e["field"] for e in response.json()["errors"]] == ["device.token"]
    customerio.track("DELETE", "/api/v1/customers/u1/devices/t1")
    assert customerio.control.person("u1")["devices"] == []


def test_unknown_endpoints_answer_404(customerio):
    assert customerio.track("POST", "/api/v3/batch", {}).status_code == 404
    assert customerio.app("GET", "/nonsense").json()["errors"][0]["status"] == "404"
