"""The files of deploy/monitoring/ match the existing metrics, and Prometheus accepts them."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from tests.documents import ROOT

DIRECTORY = ROOT / "deploy/monitoring"
RULES = DIRECTORY / "provtap.rules.yml"
DASHBOARD = json.loads((DIRECTORY / "dashboard.json").read_text())
SOURCES = [ROOT / "provtap/metrics.py", ROOT / "provtap/monitoring/collector.py"]

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed"
)


def promtool(*arguments, text=None):
    """Run promtool among the files, and return its exit code and what it complains of."""
    done = subprocess.run(["promtool", *arguments], cwd=DIRECTORY, input=text, capture_output=True, text=True)
    return done.returncode, done.stderr


def metrics():
    """Return the names of all metrics, as the code has them: a counter without `_total`."""
    return {name for file in SOURCES for name in re.findall(r'"(provtap_\w+)"', file.read_text())}


def named(text):
    """Return the metrics that *text* names, without what Prometheus adds to names."""
    return {re.sub("_(total|bucket|count|sum)$", "", name) for name in re.findall(r"\bprovtap_[a-z_]+", text)}


def expressions():
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@needs_promtool
def test_prometheus_accepts_the_configuration():
    assert promtool("check", "config", "prometheus.yml") == (0, "")


@needs_promtool
def test_the_alerts_are_raised_when_they_should_be():
    assert promtool("test", "rules", "provtap.rules.test.yml") == (0, "")


def test_every_alert_is_tested_to_be_raised_and_not_to_be_raised():
    [group] = yaml.safe_load(RULES.read_text())["groups"]
    calm, *others = yaml.safe_load((DIRECTORY / "provtap.rules.test.yml").read_text())["tests"]
    alerts = {rule["alert"] for rule in group["rules"]}

    assert {test["alertname"] for test in calm["alert_rule_test"] if "exp_alerts" not in test} == alerts
    raised = [test for other in others for test in other["alert_rule_test"] if test["exp_alerts"]]
    assert {test["alertname"] for test in raised} == alerts


@needs_promtool
def test_prometheus_accepts_the_queries_of_the_dashboard(tmp_path):
    rules = [
        {"record": f"panel:{number}", "expr": text.replace("$__rate_interval", "1m")}
        for number, text in enumerate(expressions())
    ]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    assert promtool("check", "rules", str(file)) == (0, "")


@pytest.mark.parametrize("text", [RULES.read_text(), "\n".join(expressions())], ids=["rules", "dashboard"])
def test_only_metrics_that_exist_are_used(text):
    assert named(text) - metrics() == set()


def test_every_metric_is_explained():
    page = (ROOT / "docs/how-to/operate.md").read_text()

    assert metrics() - named(page) == set()


def test_the_panels_of_the_dashboard_do_not_overlap():
    """Each has its place on Grafana's grid of 24 columns."""
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
