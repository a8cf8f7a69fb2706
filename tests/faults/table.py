"""The faults that were thought of beforehand, by their number in the plan, and what shows that each does no harm.

Each is shown by tests (`file::function`, below `tests/`) or has a reason why there is nothing to show.
"""

from __future__ import annotations

from dataclasses import dataclass

CRASH = "faults/test_crash_points.py::test_whoever_dies_between_two_steps_leaves_nothing_lost_and_nothing_said_twice"
CHAOS = "faults/test_chaos.py::test_a_round_of_chaos_loses_nothing_and_leaves_no_twin"
ANY = "faults/test_any_interleaving.py::TestInterleavings"
BROKEN = "faults/test_chat_breaks.py::test_a_call_that_broke_leaves_one_message"
OUTAGE = "faults/test_chat_breaks.py::test_an_outage_of_an_hour_delays_everything_and_asks_nobody_twice"
REDIS = "faults/test_redis_breaks.py::test_without_a_working_redis_everything_is_accepted_at_once_and_said_all_the_same"
FENCED = "storage/test_contract_lanes.py::test_whoever_was_fenced_off_changes_nothing"
PAUSED = "faults/test_paused_and_power.py::test_a_worker_that_was_paused_past_its_lease_changes_nothing_when_it_goes_on"


@dataclass(frozen=True)
class Fault:
    """What happens, the tests that show that it does no harm, and what they do not show and why."""

    what: str
    tests: tuple[str, ...] = ()
    reason: str = ""


FAULTS: dict[int, Fault] = {
    1: Fault("kill -9 of the web before the commit (intake.taken, loop.decided)", (CRASH,)),
    2: Fault("… after the commit, before the 202 (intake.stored)", (CRASH,)),
    3: Fault("… after the commit, before the hint (loop.committed)", (CRASH,)),
    4: Fault("kill -9 of a worker after its claim (delivery.claimed)", (CRASH, ANY)),
    5: Fault("… before the call", (CRASH, ANY), "the claim and `sending` are one commit: it is the same as 4"),
    6: Fault("… after Slack has it, before the result (delivery.said)", (CRASH, ANY)),
    7: Fault(
        "an orphan goes on beside its successor", (FENCED, PAUSED, ANY), "workers do not fork: nobody is orphaned"
    ),
    8: Fault("kill -9 of the child", (CRASH, CHAOS), "workers do not fork: the worker itself is killed"),
    9: Fault(
        "kill -9 of the clock and of a look (clock.found, clock.hinted, delivery.looked, twins.*)",
        (CRASH,),
        "nothing is sealed yet: the signed log comes with a later version",
    ),
    10: Fault("two clocks", ("faults/test_database_breaks.py::test_two_machines_on_one_database_do_everything_once",)),
    11: Fault(
        "SIGTERM under load",
        (
            "story/test_stopping.py::test_sigterm_under_load_loses_nothing_that_was_accepted_and_ends_in_time",
            "handlers/test_web_server.py::test_shutting_down_answers_everything_that_was_accepted",
        ),
    ),
    12: Fault(
        "FLUSHALL, a hundred times",
        ("faults/test_redis_breaks.py::test_emptied_a_hundred_times_under_load_it_loses_nothing", CHAOS),
    ),
    13: Fault(
        "Redis down, or never started",
        (
            REDIS,
            "faults/test_redis_breaks.py::test_a_redis_that_was_never_there_is_not_missed",
            "faults/test_redis_breaks.py::test_it_is_used_again_once_it_is_back",
        ),
    ),
    14: Fault(
        "Redis hung (SIGSTOP)",
        (
            REDIS,
            "faults/test_redis_breaks.py::test_a_line_to_redis_that_breaks_loses_nothing",
            "handlers/test_intake_hints.py::test_a_queue_that_hangs_holds_nobody_up_and_hears_each_hint_once",
        ),
    ),
    15: Fault("Redis full, read-only, with another password", (REDIS,)),
    16: Fault(
        "evil job hashes",
        (
            "storage/test_queue.py::test_a_job_written_by_hand_runs_no_code",
            "storage/test_queue.py::test_callbacks_and_webhooks_of_a_job_are_never_called",
            "storage/test_queue.py::test_a_job_that_makes_no_sense_does_not_stop_the_worker",
        ),
    ),
    17: Fault(
        "PostgreSQL restarted, its backends killed, its line broken",
        (
            "faults/test_database_breaks.py::test_killed_backends_are_replaced_and_nothing_is_lost",
            "faults/test_database_breaks.py::test_a_line_to_postgresql_that_breaks_loses_nothing",
            "storage/test_away.py::test_connections_that_the_server_cut_are_replaced",
        ),
        "a fail-over to another server looks like a restart from here; no second server is started in the tests",
    ),
    18: Fault(
        "serialization errors, deadlocks",
        (
            "storage/test_at_once.py::test_of_eight_who_decided_on_the_same_reading_exactly_one_wins",
            "storage/test_at_once.py::test_changes_and_settling_at_once_lose_no_revision",
            "loop/test_people_acting.py::test_after_five_lost_races_the_conflict_is_told",
        ),
    ),
    19: Fault(
        "SQLite locked by another process",
        (
            "faults/test_database_breaks.py::test_a_sqlite_that_somebody_locks_delays_and_loses_nothing",
            "faults/test_database_breaks.py::test_a_sqlite_that_stays_locked_is_told_as_503_with_retry_after",
        ),
    ),
    20: Fault(
        "disk full",
        (
            "faults/test_database_breaks.py::test_a_full_disk_takes_nothing_says_so_and_recovers",
            "storage/test_away.py::test_a_full_disk_is_away_and_nothing_is_stored_halfway",
        ),
        "the database's disk; there is no folder of the log yet",
    ),
    21: Fault("a torn tile or checkpoint", reason="there are no files of a log yet: they come with a later version"),
    22: Fault(
        "power loss",
        (
            "faults/test_paused_and_power.py::test_every_accepted_alert_is_in_a_copy_taken_at_any_moment",
            "faults/test_paused_and_power.py::test_every_connection_waits_until_the_disk_has_it",
        ),
        "what the disk does with an fsync is beyond a test of ours: docs/guarantees.md says so",
    ),
    23: Fault(
        "429 with Retry-After 30",
        (BROKEN, "core/test_throttle.py::test_a_429_halves_the_rate_and_ends_the_burst_but_freezes_no_other_lane"),
    ),
    24: Fault("500, 503, internal_error, HTML", (BROKEN, OUTAGE)),
    25: Fault("Slack takes it and stalls past the timeout", (BROKEN,)),
    26: Fault(
        "Slack takes it and the line is reset",
        ("faults/test_chat_breaks.py::test_a_line_to_the_chat_that_breaks_leaves_one_message", BROKEN),
    ),
    27: Fault(
        "a late commit",
        (
            "faults/test_chat_breaks.py::test_a_late_message_makes_its_twin_go_and_the_trail_says_so",
            "loop/test_twins.py::test_a_card_that_arrives_late_makes_the_second_one_go",
            ANY,
        ),
    ),
    28: Fault(
        "everything is slow",
        (BROKEN, "faults/test_chat_breaks.py::test_a_line_to_the_chat_that_breaks_leaves_one_message"),
    ),
    29: Fault(
        "an hour without Slack",
        (OUTAGE, "loop/test_storms.py::test_after_an_outage_of_the_chat_people_are_asked_once", CHAOS),
    ),
    30: Fault(
        "a click twice, an event again",
        (
            "faults/test_database_breaks.py::test_a_double_click_and_two_people_at_once_are_one_acknowledgement",
            "story/test_forged_requests.py::test_a_request_that_is_replayed_is_answered_and_does_nothing_twice",
            "loop/test_people_acting.py::test_the_same_gesture_delivered_twice_is_done_once",
        ),
    ),
    31: Fault(
        "two people at once",
        (
            "storage/test_at_once.py::test_of_eight_who_acknowledge_at_once_exactly_one_wins",
            "story/test_at_once.py::test_of_two_people_who_click_at_once_one_wins_and_the_other_is_told_who",
        ),
    ),
    32: Fault(
        "an acknowledgement races a step",
        ("faults/test_database_breaks.py::test_a_click_that_races_the_clock_gives_one_legal_order", ANY),
    ),
    33: Fault(
        "late and out of order",
        (
            "loop/test_people_acting.py::test_a_stale_card_changes_nothing_and_is_told_what_happened",
            "handlers/test_intake.py::test_an_alert_that_is_not_there_cannot_be_over",
            "story/test_at_once.py::test_a_button_on_a_message_that_is_out_of_date_changes_nothing_and_says_what_happened_since",
        ),
    ),
    34: Fault(
        "the clock jumps ahead, back",
        (
            "loop/test_the_clock.py::test_a_clock_that_went_back_is_an_incident_and_nobody_waits_longer_than_the_policy_says",
            "loop/test_the_clock.py::test_a_clock_that_went_ahead_asks_once_and_is_an_incident",
            "core/test_after_downtime.py::test_a_clock_that_jumps_a_year_ahead_fires_one_step_like_a_year_of_downtime",
            "storage/test_contract_said_once.py::test_after_a_jump_of_the_clock_nothing_lies_further_ahead_than_it_can_have_been_set",
        ),
        "every instant is UTC: summer time and time zones move nothing",
    ),
    35: Fault(
        "a payload that cannot be shown",
        (
            "loop/test_gone_places.py::test_what_cannot_even_be_rendered_is_said_plainly_and_holds_up_nobody",
            "loop/test_gone_places.py::test_a_poison_row_ends_as_an_exception_with_somebody_who_hears_of_it",
            "story/test_hostile_text.py",
        ),
    ),
    36: Fault(
        "ten thousand in ten seconds",
        (
            "faults/test_too_much.py::test_a_storm_is_accepted_or_told_to_come_back_and_one_source_does_not_starve_another",
        ),
        "fifteen hundred here; the ten thousand are measured by `make bench`",
    ),
    37: Fault(
        "slow, endless, huge and compressed bodies",
        (
            "faults/test_too_much.py::test_slow_endless_and_huge_senders_are_refused_and_hold_up_nobody",
            "faults/test_too_much.py::test_a_compressed_body_is_not_unpacked",
            "handlers/test_web_server.py::test_a_body_that_never_ends_is_given_up",
        ),
    ),
    38: Fault(
        "malformed JSON, bad UTF-8, NUL, surrogates",
        (
            "handlers/test_intake_payload.py::test_a_body_that_not_every_reader_reads_alike_is_refused",
            "handlers/test_intake_payload.py::test_text_that_breaks_databases_is_escaped_and_all_other_text_kept",
            "handlers/test_web_fuzz.py::test_no_request_breaks_anything",
        ),
    ),
    41: Fault(
        "the token is revoked",
        (
            "faults/test_chat_breaks.py::test_a_revoked_token_holds_everything_tells_an_operator_and_loses_nothing",
            "loop/test_gone_places.py::test_a_revoked_token_holds_everything_and_loses_nothing",
        ),
    ),
    42: Fault(
        "a channel archived, deleted, renamed, closed to us",
        (
            "faults/test_chat_breaks.py::test_a_channel_that_is_gone_is_left_for_the_next_route",
            "loop/test_gone_places.py::test_everything_gone_leaves_an_owner_a_time_and_an_incident",
            "sandbox/test_places.py::test_a_renamed_channel_keeps_its_id_and_its_messages",
        ),
    ),
    43: Fault(
        "the owner is gone, a guest, without managers, in a circle",
        (
            "story/test_owner_gone.py::test_an_owner_who_leaves_while_it_is_open_is_replaced_when_the_clock_asks",
            "core/test_clocks.py::test_a_cycle_of_managers_ends_the_chain",
            "core/test_clocks.py::test_ten_levels_of_managers_are_enough",
            "core/test_clocks.py::test_when_everybody_is_gone_the_clock_goes_on_asking_at_the_top",
        ),
    ),
    44: Fault(
        "a policy edited while it is used; nobody to ask",
        (
            "loop/test_receiving.py::test_an_alert_keeps_the_version_of_the_policy_it_was_raised_under",
            "core/test_clocks.py::test_where_the_last_step_has_nobody_the_owner_of_last_resort_is_asked",
        ),
    ),
    45: Fault(
        "old and new versions side by side",
        (
            "storage/test_migrations.py::test_the_first_version_may_go_on_writing_after_the_second_migration",
            "storage/test_migrations.py::test_a_database_that_is_newer_than_this_code_is_left_alone",
            "storage/test_contract_said_once.py::test_rows_of_a_newer_version_are_left_to_those_who_know_it",
        ),
    ),
}
"""39 and 40 (hostile text, forged requests) and 46 (a rewritten log) belong to other parts of the plan."""
