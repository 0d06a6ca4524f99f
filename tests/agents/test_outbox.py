"""Each transition is delivered at least once under one id; what cleared unseen is not sent."""

from collections.abc import Mapping
from dataclasses import replace

from stream.agents.outbox import ACTIVE, AUDIT, NOTICE, RESOLVED_RESEND_MS, Outbox
from stream.control.alerts.messages import Message
from stream.control.model import Severity, Transition, Verdict
from stream.notify.notice import key_of
from stream.store.lease import OutboxEntry

RAISE = Transition(
    id="a1",
    onset_ms=1_700_000_000_000,
    at_ms=1_700_000_000_000,
    floor="f",
    pool="main",
    team="t",
    detector="collective",
    severity=Severity.page,
    before=Verdict.in_control,
    to=Verdict.out_of_control,
    in_peak=True,
    notify=True,
    evidence={},
)
CLEAR = replace(
    RAISE, at_ms=1_700_000_090_000, before=Verdict.out_of_control, to=Verdict.in_control
)


def words(_transition: Transition) -> Mapping[str, Message]:
    return dict.fromkeys(("en", "zh"), Message("title", "text", "", "", "", ""))


def outbox_with(*transitions: Transition) -> Outbox:
    outbox = Outbox()
    outbox.add(transitions, words, "en")
    return outbox


def commit(outbox: Outbox) -> None:
    outbox.on_committed(*outbox.for_commit())


def test_a_transition_goes_to_the_audit_topic_and_if_it_notifies_to_the_sinks() -> None:
    outbox = outbox_with(RAISE, replace(CLEAR, notify=False))

    entries, acknowledge = outbox.for_commit()

    assert [entry.id for entry in entries] == [
        AUDIT + key_of(RAISE),
        NOTICE + key_of(RAISE),
        AUDIT + key_of(CLEAR),
    ]
    assert acknowledge == ()


def test_stored_entries_count_until_they_are_delivered() -> None:
    outbox = outbox_with(RAISE)
    assert len(outbox) == 2
    commit(outbox)
    assert len(outbox) == 2

    for entry in outbox.audits(unstored=False):
        outbox.acknowledge(entry.id)
    outbox.drop_notices()
    assert len(outbox) == 0


def test_nothing_is_delivered_before_its_commit_unless_the_store_is_unavailable() -> None:
    outbox = outbox_with(RAISE)
    assert not outbox.audits(unstored=False)
    assert not outbox.notices(unstored=False)
    assert len(outbox.audits(unstored=True)) == 1
    assert len(outbox.notices(unstored=True)) == 1

    commit(outbox)
    assert len(outbox.audits(unstored=False)) == 1
    assert len(outbox.notices(unstored=False)) == 1


def test_delivered_entries_are_removed_with_the_next_commit_and_not_delivered_again() -> None:
    outbox = outbox_with(RAISE)
    commit(outbox)
    outbox.acknowledge(AUDIT + key_of(RAISE))

    assert not outbox.audits(unstored=False)
    assert outbox.for_commit() == ((), (AUDIT + key_of(RAISE),))
    commit(outbox)
    assert not outbox.changed


def test_a_commit_that_was_not_confirmed_is_repeated_whole() -> None:
    outbox = outbox_with(RAISE)
    first = outbox.for_commit()
    outbox.acknowledge(AUDIT + key_of(RAISE))

    entries, acknowledge = outbox.for_commit()

    assert entries == first[0]
    assert acknowledge == (AUDIT + key_of(RAISE),)


def test_an_alert_that_was_raised_and_cleared_behind_the_live_clock_is_not_sent() -> None:
    outbox = outbox_with(RAISE, CLEAR)

    assert outbox.notices(unstored=True) == []
    assert len(outbox.audits(unstored=True)) == 2
    assert set(outbox.for_commit()[1]) == {NOTICE + key_of(RAISE), NOTICE + key_of(CLEAR)}


def test_the_end_of_an_alert_that_the_sinks_know_is_sent() -> None:
    outbox = outbox_with(RAISE)
    (notice,) = outbox.notices(unstored=True)
    outbox.mark_offered(notice)
    outbox.add([CLEAR], words, "en")

    (end,) = outbox.notices(unstored=True)

    assert end.key == key_of(CLEAR)


def test_the_end_of_an_alert_that_escalated_and_cleared_behind_the_clock_is_sent() -> None:
    nudge = replace(RAISE, severity=Severity.nudge, to=Verdict.watch)
    outbox = outbox_with(nudge)
    (notice,) = outbox.notices(unstored=True)
    outbox.mark_offered(notice)
    outbox.acknowledge(NOTICE + notice.key)
    outbox.add([replace(RAISE, at_ms=RAISE.at_ms + 1, before=Verdict.watch), CLEAR], words, "en")

    (end,) = outbox.notices(unstored=True)

    assert end.key == key_of(CLEAR)


def test_an_alert_that_ends_and_is_raised_and_cleared_again_behind_the_clock_ends_once() -> None:
    outbox = outbox_with(RAISE)
    (notice,) = outbox.notices(unstored=True)
    outbox.mark_offered(notice)
    outbox.acknowledge(NOTICE + notice.key)
    lost = replace(CLEAR, at_ms=CLEAR.at_ms - 1)
    outbox.add([lost, replace(RAISE, at_ms=RAISE.at_ms + 1), CLEAR], words, "en")

    assert [one.key for one in outbox.notices(unstored=True)] == [key_of(lost)]


def test_a_notice_that_the_sinks_had_no_room_for_is_offered_again() -> None:
    outbox = outbox_with(RAISE)
    (notice,) = outbox.notices(unstored=True)
    outbox.mark_offered(notice)
    assert outbox.notices(unstored=True) == []

    outbox.mark_offered(notice, accepted=False)
    assert outbox.notices(unstored=True) == [notice]


def test_the_next_owner_delivers_what_was_stored_and_not_delivered() -> None:
    first = outbox_with(RAISE)
    entries, _ = first.for_commit()

    second = Outbox(entries)

    assert [entry.id for entry in second.audits(unstored=False)] == [AUDIT + key_of(RAISE)]
    assert [notice.key for notice in second.notices(unstored=False)] == [key_of(RAISE)]
    assert second.for_commit() == ((), ())


def test_a_shard_that_follows_the_events_clock_notifies_nobody() -> None:
    outbox = outbox_with(RAISE)

    outbox.drop_notices()

    assert outbox.notices(unstored=True) == []
    assert len(outbox.audits(unstored=True)) == 1


def test_the_last_step_of_an_alert_is_active_until_the_next_replaces_it() -> None:
    outbox = Outbox(track_active=True)
    outbox.add([RAISE], words, "en")
    assert active_keys(outbox) == [key_of(RAISE)]
    outbox.add([CLEAR], words, "en")
    assert active_keys(outbox) == [key_of(CLEAR)]
    commit(outbox)
    stored = Outbox(left_of(outbox), track_active=True)
    assert active_keys(stored) == [key_of(CLEAR)]


def test_a_resolved_alert_is_resent_until_no_receiver_can_hold_it_active() -> None:
    outbox = Outbox(track_active=True)
    outbox.add([RAISE, CLEAR], words, "en")
    assert active_keys(outbox, CLEAR.at_ms + RESOLVED_RESEND_MS) == [key_of(CLEAR)]
    assert active_keys(outbox, CLEAR.at_ms + RESOLVED_RESEND_MS + 1) == []
    assert ACTIVE + key_of(CLEAR) in outbox.for_commit()[1]


def test_an_alert_is_active_for_as_long_as_it_lasts() -> None:
    outbox = Outbox(track_active=True)
    outbox.add([RAISE], words, "en")
    assert active_keys(outbox, RAISE.at_ms + 100 * RESOLVED_RESEND_MS) == [key_of(RAISE)]


def test_behind_the_live_clock_only_alerts_of_the_last_owner_are_active() -> None:
    first = Outbox(track_active=True)
    first.add([RAISE], words, "en")
    entries, _ = first.for_commit()
    second = Outbox(entries, track_active=True)
    other = replace(RAISE, id="a2")
    second.add([other], words, "en")
    assert active_keys(second, live=False) == [key_of(RAISE)]
    assert active_keys(second) == [key_of(RAISE), key_of(other)]


def test_alerts_that_were_sent_live_stay_active_when_the_task_falls_behind() -> None:
    outbox, other = Outbox(track_active=True), replace(RAISE, id="a2")
    outbox.add([RAISE], words, "en")
    assert active_keys(outbox) == [key_of(RAISE)]
    outbox.add([other], words, "en")
    assert active_keys(outbox, live=False) == [key_of(RAISE)]


def test_behind_the_live_clock_the_end_of_a_known_alert_is_sent() -> None:
    outbox, other = Outbox(track_active=True), replace(RAISE, id="a2")
    outbox.add([RAISE], words, "en")
    assert active_keys(outbox) == [key_of(RAISE)]
    outbox.add([CLEAR, other, replace(CLEAR, id="a2")], words, "en")
    assert active_keys(outbox, live=False) == [key_of(CLEAR)]
    assert active_keys(outbox, live=False) == [key_of(CLEAR)]


def test_an_alert_is_active_once_stored_unless_the_store_is_unavailable() -> None:
    outbox = Outbox(track_active=True)
    outbox.add([RAISE], words, "en")
    assert active_keys(outbox, unstored=False) == []
    commit(outbox)
    assert active_keys(outbox, unstored=False) == [key_of(RAISE)]


def test_without_a_receiver_no_alert_is_active_and_stored_ones_are_removed() -> None:
    first = Outbox(track_active=True)
    first.add([RAISE], words, "en")
    entries, _ = first.for_commit()
    second = Outbox(entries)
    second.add([CLEAR], words, "en")
    assert active_keys(second) == []
    assert second.for_commit()[1] == (ACTIVE + key_of(RAISE),)


def active_keys(
    outbox: Outbox, as_of_ms: int = CLEAR.at_ms, *, live: bool = True, unstored: bool = True
) -> list[str]:
    found = outbox.active_notices(as_of_ms, live=live, unstored=unstored)
    return [notice.key for notice in found]


def left_of(outbox: Outbox) -> list[OutboxEntry]:
    """What the store holds of an outbox that was committed."""
    return [entry for entry in outbox._undelivered.values() if entry.id not in outbox._unstored]
