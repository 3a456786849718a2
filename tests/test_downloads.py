"""From the place of a file to a URL that people can fetch."""

import pytest

from provtap.config import Settings
from provtap.downloads import Downloads
from provtap.errors import SettingsError

TEXT = (
    "lfn:///vo.cta.in2p3.fr=https://dirac.example.org/vo; /data/=https://data.example.org/ ;"
    "/data/private/old=http://old.example.org:8080/a b%20c/; root://eos.example.org/=https://eos.example.org/x/"
).replace("a b%20c", "a%20b")
DOWNLOADS = Downloads.of(TEXT, "paranal")


@pytest.mark.parametrize(
    "location, url",
    [
        ("lfn:///vo.cta.in2p3.fr/MC/run1.h5", "https://dirac.example.org/vo/MC/run1.h5"),
        ("/data/a.fits", "https://data.example.org/a.fits"),
        ("/data//2026///a.fits", "https://data.example.org/2026/a.fits"),
        ("root://eos.example.org//eos/a.fits", "https://eos.example.org/x/eos/a.fits"),
        ("file:///data/a%20b.fits", "https://data.example.org/a%20b.fits"),
        ("file:/data/a.fits", "https://data.example.org/a.fits"),
        ("/data/private/old/a.fits", "http://old.example.org:8080/a%20b/a.fits"),
        ("/data/private/older/a.fits", "https://data.example.org/private/older/a.fits"),
        (
            "/data/a b#1?x=%20&é\"<'.fits",
            "https://data.example.org/a%20b%231%3Fx%3D%2520%26%C3%A9%22%3C%27.fits",
        ),
        ("/data/line\nbreak", "https://data.example.org/line%0Abreak"),
        ("/data/...", "https://data.example.org/..."),
    ],
)
def test_the_longest_prefix_has_the_url(location, url):
    """The rest of the location follows, each segment percent-encoded."""
    assert DOWNLOADS.url(location) == url


@pytest.mark.parametrize(
    "location",
    [
        "/data",
        "/data/",
        "/database/a.fits",
        "/data/../etc/passwd",
        "/data/./a",
        "/data/x/..",
        "file:///data/%2e%2e/etc/passwd",
        "lfn:///vo.cta.in2p3.fr.evil.org/a",
        "lfn://vo.cta.in2p3.fr/a",
        "relative/a.fits",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://data.example.org/a",
        "http://",
        "https:///a",
        "https://user:secret@example.org/a",
        "https://exa mple.org/a",
        "",
    ],
)
def test_other_locations_have_no_url(location):
    assert DOWNLOADS.url(location) is None


@pytest.mark.parametrize(
    "location, url",
    [
        ("https://x.org/a%20b?c=d#e", "https://x.org/a%20b?c=d#e"),
        ("HTTP://x.org", "HTTP://x.org"),
        ('https://x.org/a b"<é>\n', "https://x.org/a%20b%22%3C%C3%A9%3E%0A"),
    ],
)
def test_a_url_of_the_web_is_one_itself(location, url):
    assert DOWNLOADS.url(location) == url
    assert Downloads().url(location) == url


def test_a_path_of_another_site_is_another_file():
    """The path /data/a.h5 of two sites means two files."""
    assert DOWNLOADS.url("/data/a.h5", "paranal") == "https://data.example.org/a.h5"
    assert DOWNLOADS.url("/data/a.h5", "la palma") is None
    assert DOWNLOADS.url("file:///data/a.h5", "la palma") is None
    assert DOWNLOADS.url("lfn:///vo.cta.in2p3.fr/a", "lfn://") == "https://dirac.example.org/vo/a"


@pytest.mark.parametrize(
    "text, message",
    [
        ("/data/", "PROVTAP_DOWNLOAD_URLS: '/data/' is not a prefix with its URL."),
        ("=https://x.org/", "PROVTAP_DOWNLOAD_URLS: '=https://x.org/' is not a prefix with its URL."),
        ("/data/=", "PROVTAP_DOWNLOAD_URLS: '/data/=' is not a prefix with its URL."),
        ("/data=https://x.org; /data/=https://y.org", "PROVTAP_DOWNLOAD_URLS has the prefix /data/ twice."),
        ("http://x/=https://y/", "PROVTAP_DOWNLOAD_URLS: the prefix http://x/ begins with http."),
        *(
            (
                f"/data/={url}",
                "PROVTAP_DOWNLOAD_URLS: the URL of /data/ must be an http or https URL without login,",
            )
            for url in (
                "ftp://x.org/",
                "/other/",
                "javascript:alert(1)",
                "https://",
                "https://x.org/?a=",
                "https://x.org/#a",
                "https://x.org/a/../b",
                "https://me:secret@x.org/",
                "https://x.org/a b/",
            )
        ),
    ],
)
def test_an_error_in_the_setting_is_one_sentence(text, message):
    """Told at the start of every command."""
    with pytest.raises(SettingsError) as error:
        Settings.from_environ({"PROVTAP_DOWNLOAD_URLS": text})

    assert str(error.value).startswith(message)


def test_nothing_needs_to_be_set():
    assert Settings().downloads.url("/data/a.fits") is None
    assert Settings(download_urls=" ; ").downloads == Downloads()
    assert Settings(download_urls="/a=http://x;", site="s").downloads.url("/a/b", "s") == "http://x/b"
