"""Settings: sources, values and errors (design, contracts)."""

from dataclasses import fields
from pathlib import Path

import pytest

from provtap.config import Settings
from provtap.errors import SettingsError


def test_nothing_needs_to_be_set() -> None:
    """One command on a fresh machine: everything has a default."""
    assert Settings.from_environ({}) == Settings()


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("PORT", "8081", 8081),
        ("SYNC_DURATION", "2.5", 2.5),
        ("DATA_DIR", "/var/lib/with blank", Path("/var/lib/with blank")),
        ("METADATA_DIR", "meta", Path("meta")),
        ("DATABASE_URL", "host=x", "host=x"),
        ("SITE", "La Palma", "La Palma"),
        ("DECLARE_COALESCE", "True", True),
        ("DECLARE_COALESCE", "no", False),
    ],
)
def test_variable_sets_the_setting_of_its_name(name: str, text: str, value: object) -> None:
    """PROVTAP_<NAME>, as the kind of thing that the setting is."""
    settings = Settings.from_environ({f"PROVTAP_{name}": text})

    assert getattr(settings, name.lower()) == value
    assert type(getattr(settings, name.lower())) is type(value)


def test_other_variables_are_not_ours() -> None:
    """Only PROVTAP_* is read."""
    assert Settings.from_environ({"PORT": "1", "HOME": "/", "MYPROVTAP_PORT": "2"}) == Settings()


def test_settings_of_the_tests_are_not_the_services() -> None:
    """PROVTAP_TEST_DATABASE_URL may be set where the tests start a service."""
    assert Settings.from_environ({"PROVTAP_TEST_DATABASE_URL": "host=x"}) == Settings()


@pytest.mark.parametrize(
    "name, value, warning",
    [
        ("PROVTAP_MAXRECS", "5", " Did you mean PROVTAP_MAXREC?"),
        ("PROVTAP_PORT", "tcp://10.96.0.17:8080", ""),
        ("PROVTAP_SERVICE_HOST", "10.96.0.17", ""),
        ("PROVTAP_8080_TCP_PROTO", "tcp", ""),
    ],
)
def test_unknown_variable_is_a_warning(name: str, value: str, warning: str) -> None:
    """Kubernetes sets some in every container beside a Service called provtap; a misspelt name is seen."""
    warnings: list[str] = []

    assert Settings.from_environ({name: value}, warnings.append) == Settings()
    assert warnings == [f"{name} is not a setting of ProvTAP and is ignored.{warning}"]


def test_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    """The file is ours alone: a limit that silently does not hold is worse than a service that is not up."""
    (tmp_path / "provtap.toml").write_text("maxrecs = 5")
    with pytest.raises(SettingsError, match=r"no setting PROVTAP_MAXRECS. Did you mean PROVTAP_MAXREC\?"):
        Settings.from_environ({"PROVTAP_CONFIG": str(tmp_path / "provtap.toml")})


def test_there_may_be_no_proxy() -> None:
    """Zero is a number of proxies."""
    assert Settings.from_environ({"PROVTAP_PROXIES": "0"}).proxies == 0
    with pytest.raises(SettingsError, match="PROVTAP_PROXIES must be 0 or a positive whole number, not '-1'"):
        Settings.from_environ({"PROVTAP_PROXIES": "-1"})


def test_switch_is_on_or_off() -> None:
    """A word that means neither is refused."""
    with pytest.raises(SettingsError, match="PROVTAP_DECLARE_COALESCE must be true or false, not 'maybe'."):
        Settings.from_environ({"PROVTAP_DECLARE_COALESCE": "maybe"})


@pytest.mark.parametrize(
    "name", [f.name for f in fields(Settings) if f.type in (int, float) and f.name != "proxies"]
)
@pytest.mark.parametrize("text", ["0", "-1", "many", "", "nan", "inf", "1e400"])
def test_number_is_positive_and_finite(name: str, text: str) -> None:
    """Each number is an amount of something: rows, bytes, seconds, threads."""
    with pytest.raises(SettingsError, match=f"PROVTAP_{name.upper()} must be a positive"):
        Settings.from_environ({f"PROVTAP_{name.upper()}": text})


def test_amount_is_whole() -> None:
    """There is no half row."""
    with pytest.raises(SettingsError, match="positive whole number, not '1.5'"):
        Settings.from_environ({"PROVTAP_MAXREC": "1.5"})


def test_the_file_applies_where_the_environment_does_not(tmp_path: Path) -> None:
    """PROVTAP_CONFIG names a TOML file; a variable wins over it."""
    file = tmp_path / "provtap.toml"
    file.write_text('port = 8081\nmaxrec = 5\ndata_dir = "there"\n')
    settings = Settings.from_environ({"PROVTAP_CONFIG": str(file), "PROVTAP_PORT": "8082"})

    assert (settings.port, settings.maxrec, settings.data_dir) == (8082, 5, Path("there"))


@pytest.mark.parametrize("text", ["port = ", "port: 1", "\x00"])
def test_unreadable_file_is_refused(tmp_path: Path, text: str) -> None:
    """The file is named."""
    (tmp_path / "provtap.toml").write_text(text)
    with pytest.raises(SettingsError, match="provtap.toml cannot be read"):
        Settings.from_environ({"PROVTAP_CONFIG": str(tmp_path / "provtap.toml")})


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A named file must exist and be used."""
    with pytest.raises(SettingsError, match="nowhere.toml cannot be read: no such file or directory"):
        Settings.from_environ({"PROVTAP_CONFIG": str(tmp_path / "nowhere.toml")})


@pytest.mark.parametrize("text", ["maxrec = true", "port = [1]", "sync_duration = 1979-05-27"])
def test_file_has_numbers_where_numbers_belong(tmp_path: Path, text: str) -> None:
    """A TOML value has a type of its own, which must be the setting's."""
    (tmp_path / "provtap.toml").write_text(text)
    with pytest.raises(SettingsError, match="must be a positive"):
        Settings.from_environ({"PROVTAP_CONFIG": str(tmp_path / "provtap.toml")})
