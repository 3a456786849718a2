"""Whether a recipe makes the product of a real tool again: ctapipe-merge.

`ctapipe-merge` merges the input, its log is ingested, and each recipe of its product runs in an empty
directory. The tool and the workflow managers come from PyPI, each into an environment of its own: ctapipe in
the version that wrote the input (`--ctapipe` for another one), and to run it again in a new environment, of
the packages that the recipe names. All tables of both products are compared by their values, and all
attributes, which also say when and by which run a product was made.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
from rounds import table

PRODUCT = "merged.dl1.h5"
PROVTAP = Path(sys.executable).with_name("provtap")
COMPARE = """
import json, sys, tables

def read(path):
    contents, attributes = {}, {}
    with tables.open_file(path) as file:
        for node in file.walk_nodes("/"):
            place = node._v_pathname
            for name in node._v_attrs._v_attrnamesuser:
                attributes[f"{place} {name}"] = repr(node._v_attrs[name])
            if isinstance(node, tables.Leaf):
                values = node.read()
                contents[place] = repr(values.dtype), values.shape, values.tobytes()
    return contents, attributes

def different(one, other):
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))

(tables_1, attributes_1), (tables_2, attributes_2) = map(read, sys.argv[1:])
print(json.dumps({
    "tables": len(tables_1),
    "rows": sum(shape[0] for _, shape, _ in tables_1.values()),
    "differing_tables": different(tables_1, tables_2),
    "attributes": len(attributes_1),
    "differing_attributes": different(attributes_1, attributes_2),
}))
"""
"""Compares two files. It runs in the environment of ctapipe, whose PyTables can decompress them."""


@dataclass(frozen=True)
class Way:
    """A form of recipe, and how it is run; `{input}` and `{recipe}` are paths."""

    form: str
    file: str
    command: tuple[str, ...]


WAYS = (
    Way("sh", "recipe.sh", ("env", "input_1={input}", "sh", "{recipe}")),
    Way("cwl", "recipe.cwl", ("cwltool", "--quiet", "{recipe}", "--input_1", "{input}")),
    Way(
        "snakemake",
        "Snakefile",
        ("snakemake", "--quiet", "--cores=1", "--snakefile={recipe}", "--config", "input_1={input}"),
    ),
)


@dataclass(frozen=True)
class Comparison:
    """What two files have in common."""

    tables: int
    rows: int
    differing_tables: list[str]
    attributes: int
    differing_attributes: list[str]


def main() -> None:
    """Record the tool, run it again in each way, and print how its products compare."""
    given = arguments()
    source = given.input.absolute()
    version = given.ctapipe or version_of(source)
    with working_directory(given.keep) as work:
        recorded = record(source, environment(work / "recorded-with", f"ctapipe=={version}"), work)
        managers = [environment(work / name, name) for name in ("cwltool", "snakemake")]
        requirements = requirements_of(work)
        tool = environment(work / "run-again-with", "--requirement", str(requirements))
        packages = len(requirements.read_text().splitlines())
        print(f"\n## Does a recipe make the product of ctapipe-merge {version} again?")
        print((__doc__ or "").partition("\n")[2])
        print(f"The input is {source.name}; the recipe names {packages} packages.\n")
        found = {}
        for way in WAYS:
            begun = time.perf_counter()
            product = run_again(way, source, [tool, *managers], work)
            found[way.form] = compare(recorded, product, tool), time.perf_counter() - begun
        report(found)
    sys.exit(any(each.differing_tables or not each.tables for each, _ in found.values()))


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("input", type=Path, help="an HDF5 product of ctapipe")
    options.add_argument("--ctapipe", metavar="VERSION", help="of ctapipe (the one that wrote the input)")
    options.add_argument("--keep", metavar="DIR", type=Path, help="keep the environments and products in DIR")
    return options.parse_args()


def version_of(product: Path) -> str:
    """Return the version of ctapipe that wrote *product*, from its reference metadata."""
    with h5py.File(product) as file:
        return bytes(file.attrs["CTA ACTIVITY SOFTWARE VERSION"]).decode()


@contextmanager
def working_directory(kept: Path | None) -> Iterator[Path]:
    """Yield the directory for everything that is made here."""
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="provtap-reproduce-") as directory:
        yield Path(directory)


def environment(directory: Path, *requirements: str) -> Path:
    """Make an environment of Python with *requirements*; return its programs."""
    call(sys.executable, "-m", "venv", str(directory))
    call(str(directory / "bin/pip"), "install", "-qq", *requirements)
    return directory / "bin"


def record(source: Path, tool: Path, work: Path) -> Path:
    """Merge *source* alone, and ingest the log of ctapipe; return the product."""
    place = work / "recorded"
    place.mkdir()
    call("ctapipe-merge", str(source), "--output", PRODUCT, "--provenance-log=log", cwd=place, path=[tool])
    call(str(PROVTAP), "ingest", "log", cwd=place, data_dir=work / "store")
    return place / PRODUCT


def recipe(form: str, work: Path) -> str:
    """Return the recipe of the product."""
    return call(str(PROVTAP), "recipe", PRODUCT, "--format", form, data_dir=work / "store")


def requirements_of(work: Path) -> Path:
    """Return the file of packages that the recipe writes; it stops there, without the program."""
    place = work / "requirements"
    place.mkdir()
    script = place / "recipe.sh"
    script.write_text(recipe("sh", work))
    call("sh", str(script), cwd=place, fails=True)
    return place / "requirements-1.txt"


def run_again(way: Way, source: Path, path: list[Path], work: Path) -> Path:
    """Run a recipe in an empty directory; return the product."""
    script = work / way.file
    script.write_text(recipe(way.form, work))
    place = work / f"again-{way.form}"
    place.mkdir()
    call(*(word.format(input=source, recipe=script) for word in way.command), cwd=place, path=path)
    return place / PRODUCT


def compare(recorded: Path, again: Path, tool: Path) -> Comparison:
    """Compare all tables and attributes of two files."""
    return Comparison(**json.loads(call("python", "-c", COMPARE, str(recorded), str(again), path=[tool])))


def call(
    *command: str,
    cwd: Path | None = None,
    path: Iterable[Path] = (),
    data_dir: Path | None = None,
    fails: bool = False,
) -> str:
    """Return what a command prints. Its programs are searched in *path* first; its errors are shown."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PROVTAP_")}
    environ["PATH"] = os.pathsep.join([*map(str, path), environ["PATH"]])
    if data_dir is not None:
        environ["PROVTAP_DATA_DIR"] = str(data_dir)
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True)
    if bool(done.returncode) != fails:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def report(found: Mapping[str, tuple[Comparison, float]]) -> None:
    """Print how the products compare."""
    table(
        ["recipe", "time", "equal tables", "rows", "other tables", "equal attributes", "other attributes"],
        (
            [
                form,
                f"{taken:.0f} s",
                str(each.tables - len(each.differing_tables)),
                str(each.rows),
                ", ".join(each.differing_tables) or "none",
                str(each.attributes - len(each.differing_attributes)),
                str(len(each.differing_attributes)),
            ]
            for form, (each, taken) in found.items()
        ),
    )
    print("\nAttributes that differ, in one of them at least:\n")
    for name in sorted({name for each, _ in found.values() for name in each.differing_attributes}):
        print(f"- `{name}`")


if __name__ == "__main__":
    main()
