"""Maintenance as the store keeps it."""

from datetime import UTC, datetime, timedelta

import pytest

from provtap.errors import ParameterError
from provtap.operation.maintenance import announce, end, latest

HOUR = timedelta(hours=1)


def test_there_is_no_maintenance_at_first(database):
    assert latest(database) is None
    assert not end(database)


def test_a_maintenance_without_start_begins_now(database):
    announced = announce(database, "New disks", None, None)

    assert latest(database) == announced
    assert announced.is_on()
    assert not announced.is_planned()


def test_one_to_come_is_planned(database):
    """VOSI-2: downAt."""
    now = datetime.now(UTC)
    announced = announce(database, "New disks", now + HOUR, now + 2 * HOUR)

    assert announced.is_planned()
    assert not announced.is_on()
    assert announced.back_at() == now + 2 * HOUR


def test_a_second_announcement_changes_the_first(database):
    """There is one at most; it keeps the time when it began."""
    began = announce(database, "New disks", None, None).start
    changed = announce(database, "Newer disks", None, datetime.now(UTC) + HOUR)

    assert (changed.note, changed.start, latest(database)) == ("Newer disks", began, changed)


def test_a_planned_maintenance_may_begin_early(database):
    announce(database, "New disks", datetime.now(UTC) + HOUR, None)

    assert announce(database, "New disks", None, None).is_on()


def test_it_lasts_until_it_is_ended(database):
    """The announced end is only an estimate: queries must not see half-done work."""
    announce(database, "New disks", datetime.now(UTC) - HOUR, None)

    assert latest(database).is_on()
    assert end(database)
    assert not latest(database).is_on()
    assert latest(database).ended is not None


def test_a_passed_end_is_no_longer_announced(database):
    """VOSI-2: backAt is a promise."""
    with database.transaction() as transaction:
        transaction.execute(
            "INSERT INTO provtap.maintenance (mt_note, mt_start, mt_until)"
            " VALUES ('x', now() - interval '2 h', now() - interval '1 h')"
        )

    assert latest(database).is_on()
    assert latest(database).back_at() is None


def test_one_that_is_called_off_never_was(database):
    announce(database, "New disks", datetime.now(UTC) + HOUR, None)

    assert end(database)
    assert latest(database) is None


@pytest.mark.parametrize("start, until", [(None, -HOUR), (2 * HOUR, HOUR), (HOUR, HOUR)])
def test_an_end_before_the_start_is_refused(database, start, until):
    now = datetime.now(UTC)

    with pytest.raises(ParameterError, match="must end after it starts"):
        announce(database, "New disks", start and now + start, now + until)
