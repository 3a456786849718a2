"""`provtap diff` on a service: what it prints is what the local command prints."""

import json

import pytest
from click.testing import CliRunner

from provtap.client.remote import main as client
from provtap.commands import main
from tests.compare.test_reading import A, B


@pytest.fixture(scope="module")
def here(sample_settings):
    environ = {
        "PROVTAP_DATABASE_URL": sample_settings.database_url,
        "PROVTAP_ROLE_PREFIX": sample_settings.role_prefix,
    }
    return lambda *arguments: CliRunner(env=environ).invoke(main, ["diff", *arguments])


@pytest.fixture(scope="module")
def there(service):
    return lambda *arguments: CliRunner().invoke(client, ["diff", *arguments, "--url", service.url])


@pytest.mark.parametrize("form", ["text", "csv", "json"])
def test_a_service_answers_as_the_local_store(here, there, form):
    for pair in ((A, B), (A, A)):
        local, remote = (run(*pair, "--format", form) for run in (here, there))

        assert (remote.stdout, remote.exit_code) == (local.stdout, local.exit_code)
    assert local.exit_code == 0


def test_the_exit_codes_are_those_of_diff(there):
    """0 equal, 1 different, 2 trouble."""
    found = there("step1_a.dl1.h5", "step1_b.dl1.h5", "--format", "json")
    told = json.loads(found.stdout)

    assert (found.exit_code, len(told["parameters"]), told["a"]["activity"]) == (1, 5, A)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("nothing", A), "Nothing has the name nothing."),
        ((A, "step1_a.dl1.h5"), "step1_a.dl1.h5 is a product and urn:uuid:5b0c"),
        (("conf.yaml", "step1_a.dl1.h5"), "No run is recorded that generated conf.yaml"),
        (("", A), "a is missing."),
        ((A, B, "--url", "ftp://x"), "must be an http or https URL"),
        ((A, B, "--url", "http://127.0.0.1:1"), "cannot be reached"),
    ],
)
def test_trouble_is_one_sentence_and_exit_2(service, arguments, sentence):
    url = () if "--url" in arguments else ("--url", service.url)
    failed = CliRunner().invoke(client, ["diff", *arguments, *url])

    assert (failed.exit_code, failed.stdout) == (2, "")
    assert failed.stderr.startswith("provtap: ") and failed.stderr.count("\n") == 1
    assert sentence in failed.stderr
