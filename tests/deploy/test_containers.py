"""deploy/Containerfile and deploy/compose.yaml, as far as they can be checked without running containers."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from provtap.config import Settings
from tests.documents import ROOT
from tests.live import free_port, live_server

CONTAINERFILE = ROOT / "deploy/Containerfile"
COMPOSE = ROOT / "deploy/compose.yaml"


def instructions():
    """Return the instructions of the Containerfile, each with its arguments, in their order."""
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line]


def argument(name):
    """Return what the last instruction of this *name* says."""
    return [rest for instruction, rest in instructions() if instruction == name][-1]


def settings_of(variables):
    """Return the settings in *variables*; an unknown one fails."""

    def fail(sentence):
        raise AssertionError(sentence)

    return Settings.from_environ(variables, warn=fail)


def compose(**environ):
    """Let docker-compose read the file, which needs no daemon."""
    return subprocess.run(
        ["docker-compose", "--file", COMPOSE, "config"],
        env={"PATH": os.environ["PATH"]} | environ,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def services():
    """What docker-compose makes of the file."""
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed")
    read = compose(PROVTAP_PASSWORD="secret")
    assert (read.returncode, read.stderr) == (0, "")
    return yaml.safe_load(read.stdout)["services"]


def test_image_is_installed_with_extras_that_exist():
    installed = next(rest for name, rest in instructions() if name == "RUN" and "pip install" in rest)
    [extras] = re.findall(r"\[([\w,]+)\]", installed)
    declared = re.search(r"extras_require\]\n(.*?)\n\[", (ROOT / "setup.cfg").read_text(), re.DOTALL)

    assert set(extras.split(",")) <= set(re.findall(r"^(\w+) =$", declared[1], re.MULTILINE))


def test_image_runs_as_an_unprivileged_user():
    """By number, which Kubernetes can check."""
    assert int(argument("USER")) > 0
    assert f"--uid {argument('USER')}" in CONTAINERFILE.read_text()


def test_image_has_settings_and_ports_that_exist():
    settings = settings_of(dict(pair.split("=") for pair in argument("ENV").split()))

    assert argument("EXPOSE").split() == [str(settings.port), str(settings.admin_port)]


@pytest.mark.database
def test_health_check_follows_the_admin_port(tmp_path):
    """The command of the image itself, for a service that lives and for none."""
    command = json.loads(argument("HEALTHCHECK").split("CMD", 1)[1])
    command[0] = sys.executable
    settings = Settings(data_dir=tmp_path / "data", admin_port=free_port())
    check = {"env": {"PROVTAP_ADMIN_PORT": str(settings.admin_port)}, "stderr": subprocess.DEVNULL}
    with live_server(settings, tmp_path / "serve.log", "--no-worker"):
        assert subprocess.run(command, **check).returncode == 0

    assert subprocess.run(command, **check).returncode == 1


def test_services_have_settings_that_exist(services):
    for service in services.values():
        given = {name: value for name, value in service["environment"].items() if "PROVTAP" in name}
        settings_of(given)
    assert (
        services["provtap"]["environment"]["PROVTAP_DATABASE_URL"]
        == "postgresql://postgres:secret@database/provtap"
    )


def test_our_services_have_a_read_only_root_and_no_capabilities(services):
    ours = [service for service in services.values() if service["image"] == "provtap"]

    assert len(ours) == 2
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in ours)
    assert services["provtap"]["volumes"] == [f"results:{argument('VOLUME')}:rw"]


def test_only_the_service_is_published_and_only_on_this_machine(services):
    published = [port for service in services.values() for port in service.get("ports", ())]

    assert published == ["127.0.0.1:8080:8080/tcp"]


def test_a_password_must_be_chosen(services):
    assert "choose one" in compose().stderr
