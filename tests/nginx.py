"""nginx in front of the service, under a path, configured as in docs/how-to/operate.md."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.documents import ROOT, blocks
from tests.live import awaited

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def proxied(inner: int, outer: int, directory: Path) -> Iterator[str]:
    """Let nginx stand at the port *outer* before the service at *inner*; yield the public root."""
    (directory / "nginx.conf").write_text(_configuration(inner, outer, directory))
    process = subprocess.Popen([str(NGINX), "-p", directory, "-c", directory / "nginx.conf", "-e", "stderr"])
    try:
        assert awaited(lambda: _answers(outer))
        yield root(outer)
    finally:
        process.terminate()
        process.wait(30)


def root(outer: int) -> str:
    """Return the public root of a service behind the port *outer*."""
    return f"http://127.0.0.1:{outer}/provenance"


def _configuration(inner: int, outer: int, directory: Path) -> str:
    (location,) = blocks(ROOT / "docs/how-to/operate.md", "nginx")
    temporary = "".join(
        f"{kind}_temp_path {directory}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"{'user root;' if os.getuid() == 0 else ''} daemon off; pid {directory}/pid; events {{}}\n"
        f"http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{outer};\n"
        f"{location.replace('127.0.0.1:8080', f'127.0.0.1:{inner}')} }} }}\n"
    )


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
