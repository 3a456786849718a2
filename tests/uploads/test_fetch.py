"""Tables from URLs, fetched from a real HTTP server; it has two addresses, of which one is allowed."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from provtap.errors import UploadError
from provtap.uploads.fetch import REDIRECTS, Fetcher


class Pages(BaseHTTPRequestHandler):
    """Each path is one behaviour of a server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        port = self.server.server_address[1]
        match self.path.split("?")[0].split("/")[1:]:
            case ["table"]:
                self.answer(200, b"the table")
            case ["asked"]:
                self.answer(200, f"{self.path} {self.headers['Host']} {self.headers['User-Agent']}".encode())
            case ["to", host]:
                self.answer(302, b"", Location=f"http://{unquote(host)}:{port}/table")
            case ["to", "file", "x"]:
                self.answer(302, b"", Location="file:///etc/passwd")
            case ["next", number]:
                self.answer(307, b"", Location=f"{int(number) + 1}")
            case ["packed"]:
                self.answer(200, b"x", **{"Content-Encoding": "gzip"})
            case ["short"]:
                self.answer(200, b"half", **{"Content-Length": "8"})
            case ["slow"]:
                self.drip()
            case _:
                self.answer(404, b"")

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def drip(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b".")
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def port():
    """The port of the server, on every address of this machine."""
    with Server(("0.0.0.0", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def fetch(url, duration=20.0, is_allowed=lambda address: address == "127.0.0.1"):
    pieces = []
    with Fetcher(duration, is_allowed).opened(url) as download:
        while piece := download.read(4):
            pieces.append(piece)
    return b"".join(pieces)


def test_a_table_is_fetched(port):
    """UPL-3."""
    assert fetch(f"http://127.0.0.1:{port}/table") == b"the table"


def test_a_query_and_odd_characters_arrive(port):
    """RFC 3986: what is no URL character is encoded, what is encoded stays; the host is that of the URL."""
    path, host, agent, *_ = fetch(f"http://127.0.0.1:{port}/asked?a=b%20c&d=ü,;").decode().split()

    assert (path, host) == ("/asked?a=b%20c&d=%C3%BC,;", f"127.0.0.1:{port}")
    assert agent.startswith("ProvTAP/")


@pytest.mark.parametrize("path", ["to/127.0.0.1", f"next/{10 - REDIRECTS}"])
def test_few_redirects_are_followed(port, path):
    """A URL of a data centre often leads on."""
    url = f"http://127.0.0.1:{port}/{path}"

    assert fetch(url) if path.startswith("to") else raised(fetch, url).endswith("the limit is 5.")


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost.invalid", "0", "[::1]", "[::ffff:127.0.0.2]"])
def test_no_redirect_leads_to_where_the_service_may_not_go(port, host):
    """Each URL of a chain is checked like the first: the server listens there as well."""
    assert "not the name of a public host" in raised(fetch, f"http://127.0.0.1:{port}/to/{host}")


@pytest.mark.parametrize("url", ["http://127.0.0.2:{}/table", "http://no-such-host.invalid:{}/"])
def test_errors_do_not_reveal_hosts(port, url):
    """An unknown host and one that is not public have the same message."""
    message = raised(fetch, url.format(port))

    assert message.endswith(" is not the name of a public host. Send the table with the request.")


@pytest.mark.parametrize(
    "path, words",
    [
        ("missing", "returned 404 Not Found."),
        ("to/file/x", "file:///etc/passwd is not an http or https URL."),
        ("packed", "uses the content encoding gzip"),
        ("short", "ended before all bytes had arrived."),
        ("next/0", f"is redirect number {REDIRECTS + 1}"),
    ],
)
def test_a_response_that_is_not_a_table_is_reported(port, path, words):
    assert words in raised(fetch, f"http://127.0.0.1:{port}/{path}")


@pytest.mark.parametrize("url", ["http:///x", "http://a:b/", "ftp://a/b", "http://[x/", "http://a:99999/"])
def test_what_is_no_url_is_told(url):
    assert raised(fetch, url) == f"{url} is not an http or https URL."


def test_a_download_ends_at_its_time_limit(port):
    """One byte now and then keeps no connection open for ever."""
    assert raised(fetch, f"http://127.0.0.1:{port}/slow", 0.5).endswith("/slow did not answer in time.")


def test_a_silent_server_ends_at_the_time_limit():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"

        assert raised(fetch, url, 0.5) == f"{url} did not answer in time."


def test_an_unreachable_server_is_reported():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    assert raised(fetch, f"http://127.0.0.1:{port}/") == f"http://127.0.0.1:{port}/ cannot be reached."


def test_https_certificates_are_checked(port):
    """A server without TLS is rejected."""
    assert raised(fetch, f"https://127.0.0.1:{port}/table").endswith("cannot be reached.")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not installed")
def test_a_certificate_is_looked_at(tmp_path):
    """A certificate without a trusted issuer is invalid."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-days",
        "2",
    ]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Server(("127.0.0.1", 0), Pages) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        message = raised(fetch, f"https://127.0.0.1:{server.server_address[1]}/table")
        server.shutdown()
        thread.join()

    assert message.endswith("has no valid certificate.")


def test_the_address_that_was_judged_is_the_one_gone_to(port, monkeypatch):
    """A name that means another address a moment later (DNS rebinding) is not looked up again."""
    answers = iter(["127.0.0.1", "127.0.0.2"])
    asked = socket.getaddrinfo

    def rebound(host, *arguments, **named):
        return asked(next(answers) if host == "rebound.example" else host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)

    assert fetch(f"http://rebound.example:{port}/table") == b"the table"
    assert "not the name of a public host" in raised(fetch, f"http://rebound.example:{port}/table")


def raised(function, *arguments):
    with pytest.raises(UploadError) as error:
        function(*arguments)
    return str(error.value)
