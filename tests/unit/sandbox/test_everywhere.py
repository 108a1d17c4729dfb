from __future__ import annotations

import httpx
from activation_sandbox.server import Sandbox


def test_one_person_is_shown_across_all_destinations_that_know_the_identifier():
    with Sandbox() as sandbox:
        operation = {
            "type": "person",
            "action": "identify",
            "identifiers": {"id": "c_00007"},
            "attributes": {"tier": "<gold>"},
        }
        answer = httpx.post(
            f"{sandbox.url}/customerio/track/api/v2/entity",
            json=operation,
            auth=("sandbox-site", "sandbox-track-key"),
        )
        assert answer.status_code == 200
        found = httpx.get(f"{sandbox.url}/_person", params={"q": "c_00007"}).text
        assert "Customer.io" in found
        assert "&lt;gold&gt;" in found
        assert "<gold>" not in found
        nobody = httpx.get(f"{sandbox.url}/_person", params={"q": "c_0000"}).text
        assert "Nobody by that identifier" in nobody
