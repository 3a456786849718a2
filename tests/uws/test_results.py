import errno
from datetime import UTC, datetime, timedelta

import pytest

from provtap.config import Settings
from provtap.errors import DiskFull, SettingsError
from provtap.uws.results import ResultDirectory, probe, result_store

NAME = "a.1.result"


@pytest.fixture
def results(tmp_path):
    """A result store whose directory does not exist yet."""
    return ResultDirectory(tmp_path / "deep" / "results")


def content(results, name=NAME):
    stored = results.open(name)
    with stored.content:
        return stored.content.read()


def broken():
    yield b"half"
    raise RuntimeError("the query failed")


def test_a_stored_file_can_be_read(results):
    assert results.put(NAME, iter([b"ab", b"", b"c"])) == 3
    assert content(results) == b"abc"


def test_a_file_has_its_size_and_time(results):
    results.put(NAME, [b"abc"])

    stored = results.open(NAME)
    stored.content.close()
    assert stored.size == 3
    assert abs(stored.modified - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_result_that_breaks_off_is_not_there(results):
    """D6: whole, or not there at all; nothing is left on the disk."""
    with pytest.raises(RuntimeError):
        results.put(NAME, broken())

    with pytest.raises(FileNotFoundError):
        results.open(NAME)
    assert list(results.path.iterdir()) == []


def test_a_result_has_no_name_before_it_is_whole(results):
    """D6: written under another name first."""

    def pieces():
        yield b"x"
        assert not (results.path / NAME).exists()

    results.put(NAME, pieces())
    assert content(results) == b"x"


def test_results_leave_disk_to_the_database(tmp_path):
    """The database may lie on the same disk, and stops when that is full."""
    results = ResultDirectory(tmp_path, reserve=2**62)
    with pytest.raises(DiskFull, match="not enough disk space for the files of jobs"):
        results.put(NAME, [b"x"])

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_reported(results):
    """A write that fails for want of disk: 507 and a sentence, for a job and for who sends an upload."""

    def full():
        yield b"x"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull):
        results.put(NAME, full())


def test_a_failure_keeps_the_old_file(results):
    results.put(NAME, [b"whole"])
    with pytest.raises(RuntimeError):
        results.put(NAME, broken())

    assert content(results) == b"whole"


def test_a_deleted_file_does_not_exist_and_may_be_deleted_again(results):
    results.put(NAME, [b"x"])
    results.delete(NAME)
    results.delete(NAME)

    with pytest.raises(FileNotFoundError):
        results.open(NAME)


def test_names_are_those_of_files_of_some_age(results):
    """A file that is being written is kept."""
    assert list(results.names(0)) == []
    results.put(NAME, [b"x"])

    assert list(results.names(0)) == [NAME]
    assert list(results.names(60)) == []


def test_results_lie_in_the_data_directory_unless_set(tmp_path):
    assert result_store(Settings(data_dir=tmp_path)).path == tmp_path / "results"
    assert result_store(Settings(result_dir=tmp_path / "x")).path == tmp_path / "x"


def test_other_users_of_the_machine_see_no_results(results):
    """A job of an account belongs only to it (UWS-19)."""
    results.put(NAME, [b"x"])

    assert results.path.stat().st_mode & 0o077 == 0


def test_an_unusable_directory_is_reported_at_the_start(tmp_path):
    """Not job by job: all of them would fail."""
    (tmp_path / "file").touch()
    with pytest.raises(
        SettingsError, match=r"result directory .*/file/results cannot be used: not a directory\."
    ):
        probe(Settings(result_dir=tmp_path / "file" / "results"))
    probe(Settings(result_dir=tmp_path / "deep" / "results"))

    assert list((tmp_path / "deep" / "results").iterdir()) == []
