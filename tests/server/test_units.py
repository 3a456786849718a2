"""`provtap systemd`: systemd accepts the files, and they fit this machine and the settings file."""

import re
import shutil
import socket
import subprocess
import sysconfig
from pathlib import Path

import pytest

from provtap.config import Settings
from provtap.errors import SettingsError
from provtap.server.units import units, unreachable, write
from tests.documents import ROOT
from tests.live import command, environment, free_port

SERVICES = ["provtap.service", "provtap-worker.service"]
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze (Debian: systemd) is not installed"
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A directory below which `provtap systemd` has written its files."""
    root = tmp_path_factory.mktemp("root")
    given = {"PROVTAP_CONFIG": str(root / "provtap.toml")}
    (root / "provtap.toml").write_text('result_dir = "/srv/results"\naccess_log = "/srv/log/access.log"\n')
    done = subprocess.run(
        command("systemd", "--root", str(root)),
        env=environment(Settings(), 8080) | given,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 4
    return root


def unit(root, name):
    return root / "etc/systemd/system" / name


def values(text, key):
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_systemd_accepts_the_units(root, name):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit(root, name)], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_the_units_are_well_confined(root, name):
    """By systemd's own scale, on which 100 is an unprotected service of root."""
    audit = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", unit(root, name)]
    done = subprocess.run(audit, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not installed")
def test_systemd_makes_the_user_and_the_directories(root):
    """As a dry run for the user, and in a directory of its own for the others."""
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    subprocess.run(["systemd-sysusers", f"--root={root}", "--dry-run"], check=True, capture_output=True)
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nprovtap:x:990:990::/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nprovtap:x:990:\n")
    made = subprocess.run(
        ["systemd-tmpfiles", f"--root={root}", "--create", root / "etc/tmpfiles.d/provtap.conf"],
        capture_output=True,
        text=True,
    )

    assert "Unknown" not in made.stderr
    assert (root / "var/lib/provtap/tmp").is_dir()
    assert (root / "srv/results").is_dir()


def test_the_files_fit_this_machine(root):
    text = unit(root, "provtap.service").read_text()

    assert values(text, "ExecStart") == [f"{sysconfig.get_path('scripts')}/provtap serve"]
    assert f"PROVTAP_CONFIG={root}/provtap.toml" in values(text, "Environment")
    assert values(text, "ReadWritePaths")[0] == "/var/lib/provtap /var/log/provtap /srv/results /srv/log"


def test_without_a_settings_file_they_are_those_of_the_repository(tmp_path):
    """Except for where the programs are."""
    usual = (ROOT / "deploy/systemd/provtap.tmpfiles").read_text()
    made = units(str(tmp_path / "provtap.toml"))

    assert made["/etc/tmpfiles.d/provtap.conf"] == usual.replace("/etc", str(tmp_path))
    assert values(made["/etc/systemd/system/provtap.service"], "User") == ["provtap"]


def test_another_user_gets_the_same_directories(tmp_path):
    made = units(str(tmp_path / "provtap.toml"), user="archive")

    assert "d /var/lib/provtap 0750 archive archive -" in made["/etc/tmpfiles.d/provtap.conf"]
    assert made["/etc/sysusers.d/provtap.conf"] == 'u archive - "ProvTAP" /var/lib/provtap\n'
    assert values(made["/etc/systemd/system/provtap-worker.service"], "User") == ["archive"]


@pytest.mark.parametrize("user", ["a b", "%u", "x\nExecStartPre=/bin/true"])
def test_a_name_that_systemd_would_read_otherwise_is_refused(user):
    with pytest.raises(SettingsError, match="A unit of systemd cannot name"):
        units(user=user)


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "etc").write_text("no directory")

    with pytest.raises(SettingsError, match=f"{tmp_path}/etc/x cannot be written: "):
        write("", tmp_path / "etc/x")


def test_a_program_in_a_closed_directory_is_reported(tmp_path):
    program = tmp_path / "closed/bin/provtap"
    program.parent.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)

    assert "The user archive may be unable to run" in unreachable("archive", program)
    assert unreachable("archive", Path("/usr/bin/env")) is None


@pytest.mark.database
def test_the_service_tells_systemd_when_it_is_ready(tmp_path):
    """`Type=notify`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        given = environment(Settings(data_dir=tmp_path / "data", workers=1), free_port())
        with subprocess.Popen(
            command("serve", "--no-worker"),
            env=given | {"NOTIFY_SOCKET": str(tmp_path / "notify")},
            stderr=subprocess.DEVNULL,
        ) as service:
            try:
                assert systemd.recv(1000).startswith(b"READY=1")
            finally:
                service.terminate()
