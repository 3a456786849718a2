"""deploy/nginx/provtap.conf: nginx accepts it, and it does what docs/how-to/operate.md explains."""

import re
import shutil
import subprocess

import pytest

from tests.documents import ROOT, blocks
from tests.nginx import NGINX

FILE = ROOT / "deploy/nginx/provtap.conf"


@pytest.mark.skipif(NGINX is None or shutil.which("openssl") is None, reason="nginx or openssl is missing")
def test_nginx_accepts_the_file(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=prov.example.org"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    text = FILE.read_text().replace("/etc/ssl/certs/prov.example.org.pem", str(certificate))
    text = text.replace("/etc/ssl/private/prov.example.org.key", str(key))
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; events {{}}\nhttp {{\n{text}}}\n")
    test = [NGINX, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", "stderr"]
    done = subprocess.run(test, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_the_service_is_passed_on_as_explained():
    """tests/acceptance/test_proxy.py holds what the page shows."""
    [explained] = blocks(ROOT / "docs/how-to/operate.md", "nginx")

    assert passing(explained) == passing(FILE.read_text())
    assert len(passing(explained)) >= 7


def passing(text):
    """Return the directives of the location that passes requests on."""
    [location] = re.findall(r"\{([^{}]*proxy_pass http[^{}]*)\}", text)
    return re.findall(r"^\s*(\w.*;)", location, re.MULTILINE)
