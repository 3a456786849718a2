"""A crate as a zip: only unchanged files of named directories, under safe names, in bounded memory."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import zipfile

import pytest

from provtap.client.command import Failure
from provtap.client.crate_zip import write_crate


def crate(*things):
    root = {"@id": "./", "@type": "Dataset"}
    return json.dumps({"@context": [], "@graph": [root, *things]}).encode()


def described(number, path, **properties):
    return {"@id": f"urn:x:{number}", "@type": "CreativeWork", "alternateName": str(path)} | properties


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def data(tmp_path):
    directory = tmp_path / "data"
    directory.mkdir()
    return directory


@pytest.fixture
def pack(data, tmp_path):
    """Write a zip of some things; return its files, its metadata and the report."""

    def pack(*things, directories=(data,)):
        archive = tmp_path / "crate.zip"
        written = write_crate(crate(*things), archive, directories)
        with zipfile.ZipFile(archive) as packed:
            assert packed.testzip() is None
            files = {name: packed.read(name) for name in packed.namelist()}
        return files, json.loads(files.pop("ro-crate-metadata.json"))["@graph"], written

    return pack


def test_file_is_in_the_zip_with_its_id(pack, data):
    (data / "a b.fits").write_bytes(b"content")
    run = {"@id": "urn:x:run", "@type": "CreateAction", "result": {"@id": "urn:x:1"}}
    files, [root, action, file], written = pack(
        run, described(1, data / "a b.fits", sha256=sha256(b"content"), identifier="https://doi.org/10.1/x")
    )

    assert files == {"data/a b.fits": b"content"}
    assert root["hasPart"] == action["result"] == {"@id": file["@id"]} == {"@id": "data/a%20b.fits"}
    assert (file["@type"], file["encodingFormat"]) == ("File", "application/fits")
    assert file["identifier"] == ["urn:x:1", "https://doi.org/10.1/x"]
    assert (written.files, written.described, written.notes) == (1, 1, [])


@pytest.mark.parametrize(
    "recorded", [{"sha256": "0" * 64}, {"contentSize": "3"}, {"md5": ["0" * 32, "1" * 32]}]
)
def test_changed_file_is_not_in_the_zip(pack, data, recorded):
    (data / "a").write_bytes(b"content")
    files, [root, thing], written = pack(described(1, data / "a", **recorded))

    assert files == {}
    assert "hasPart" not in root
    assert thing["@id"] == "urn:x:1"
    assert written.notes == [f"not in the zip, because they have another content than recorded: {data / 'a'}"]


def test_file_elsewhere_is_not_in_the_zip(pack, data, tmp_path):
    """Not by its path, nor by a link: anybody who records provenance may name any path."""
    secret = tmp_path / "secret"
    secret.write_text("key")
    (data / "link").symlink_to(secret)
    paths = [secret, data / "link", data / ".." / "secret", "/etc/passwd", f"file://{secret}"]
    files, _, written = pack(*(described(number, path) for number, path in enumerate(paths)))

    assert files == {}
    assert written.notes == [
        "not in the zip, because they are not below the directories of --files: "
        + ", ".join(map(str, [*paths[:4], secret]))
    ]


def test_what_is_no_file_is_not_in_the_zip(pack, data):
    os.mkfifo(data / "pipe")
    (data / "directory").mkdir()
    files, _, written = pack(*(described(name, data / name) for name in ("pipe", "directory", "absent")))

    assert files == {}
    assert written.notes == [
        f"not in the zip, because they are no regular files: {data / 'pipe'}, {data / 'directory'}",
        f"not in the zip, because they cannot be read (no such file or directory): {data / 'absent'}",
    ]


def test_names_are_safe_and_different(pack, data):
    names = [
        "x.fits",
        "X.fits",
        "x\\y\nz.fits",
        "..",
        " .hidden. ",
        "\u202e.fits",
        "e\u0301",
        "\u00e9",
        "n" * 255,
    ]
    for number, name in enumerate(names):
        (data / str(number)).mkdir()
        if name != "..":
            (data / str(number) / name).write_text(str(number))
    files, _, _ = pack(*(described(n, data / str(n) / name) for n, name in enumerate(names)))

    assert len(files) == len(names) - 1
    assert len({name.casefold() for name in files}) == len(files)
    for name in files:
        assert name.startswith("data/") and name.count("/") == 1
        assert not {*name} & {*'\\\n<>:"|?*'}
        assert len(name.encode()) < 256


def test_which_of_two_versions_is_at_a_path_is_known_by_the_checksum(pack, data):
    (data / "a").write_bytes(b"new")
    old, new = (described(n, data / "a", sha256=sha256(c)) for n, c in ((1, b"old"), (2, b"new")))
    files, things, written = pack(old, new)

    assert files == {"data/a": b"new"}
    assert [thing["@id"] for thing in things] == ["./", "urn:x:1", "data/a"]

    files, _, written = pack(described(1, data / "a"), described(2, data / "a"))
    assert files == {}
    assert "several files recorded at the same path" in written.notes[0]


def test_file_without_checksum_is_reported(pack, data):
    (data / "a").write_bytes(b"x")
    files, _, written = pack(described(1, data / "a"))

    assert files == {"data/a": b"x"}
    assert written.notes == [f"in the zip, but without a recorded checksum to compare: {data / 'a'}"]


def test_zip_that_cannot_be_written_leaves_nothing(data, tmp_path):
    with pytest.raises(Failure, match="crate.zip cannot be written: no such file or directory"):
        write_crate(crate(), tmp_path / "absent" / "crate.zip", [data])

    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_large_file_needs_little_memory(data, tmp_path):
    """A file of 128 MiB, in a process that may have less."""
    with (data / "large").open("wb") as file:
        file.truncate(1 << 27)
    (tmp_path / "crate.json").write_bytes(crate(described(1, data / "large")))
    program = (
        "from pathlib import Path; import sys; from provtap.client.crate_zip import write_crate;"
        "write_crate(Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]), [Path(sys.argv[3])])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "crate.json", tmp_path / "crate.zip", data],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (100_000_000, 100_000_000)),
        capture_output=True,
        text=True,
    )

    assert done.stderr == ""
    with zipfile.ZipFile(tmp_path / "crate.zip") as packed:
        assert packed.getinfo("data/large").file_size == 1 << 27
