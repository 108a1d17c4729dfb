from __future__ import annotations

from tests.app import App

SYNC = "traits_people__customerio"


def test_show_lists_tables_and_what_is_recorded(app: App) -> None:
    assert "not created yet" in app.run("state", "show").out
    app.after_a_run()
    told = app.run("state", "show", SYNC).out
    assert "Schema main_activation" in told
    assert f"snapshot_{SYNC}" in told
    assert "account:     4711" in told
    assert "traits:      plan, logins, email" in told
    assert app.run("state", "show", "--json").json["syncs"][0]["members"] in (1, 3)


def test_adopt_acknowledges_without_sending(app: App) -> None:
    adopted = app.run("state", "adopt", SYNC, "--yes")
    assert adopted.exit_code == 0
    assert "3 changes recorded as acknowledged, nothing sent" in adopted.out
    assert app.control.people() == []
    assert "No changes." in app.run("plan", "-s", "traits_people").out


def test_reset_forgets_and_the_next_run_sends_everything(app: App) -> None:
    app.after_a_run()
    assert app.run("state", "reset", "--select", "traits_people", "-y").exit_code == 0
    assert "Plan: 3 to add." in app.run("plan").out


def test_doubt_asserts_everything_again(app: App) -> None:
    app.after_a_run()
    told = app.run("state", "doubt", SYNC, "--yes")
    assert "3 rows will be asserted again" in told.out
    assert "3 in doubt, asserted again" in app.run("plan").out


def test_unlock_ends_the_lease_of_the_named_epoch_only(app: App) -> None:
    app.after_a_run()
    app.sql("update main_activation.leases set is_released = false")
    wrong = app.run("state", "unlock", SYNC, "--epoch", "7", "--yes")
    assert wrong.exit_code == 2
    assert "error[epoch-moved]" in wrong.err
    right = app.run("state", "unlock", SYNC, "--epoch", "1", "--yes")
    assert right.exit_code == 0
    over = "expires_at < (current_timestamp at time zone 'UTC') - interval '30 seconds'"
    assert app.sql(f"select {over} from main_activation.leases where sync = '{SYNC}'") == [(True,)]
    assert app.run("apply", "--select", SYNC.partition("__")[0]).exit_code in (0, 1)


def test_nothing_is_changed_without_naming_a_sync_or_without_a_yes(app: App) -> None:
    app.after_a_run()
    unnamed = app.run("state", "reset", "--yes")
    unsure = app.run("state", "reset", SYNC)
    assert (unnamed.exit_code, unsure.exit_code) == (2, 2)
    assert "error[select-missing]" in unnamed.err
    assert "error[not-confirmed]" in unsure.err
    assert "No changes." in app.run("plan").out
