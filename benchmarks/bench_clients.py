"""How many queries of one row eight clients get answered a second, each over a kept connection.

The floor is pgbench with as many clients and the same SQL, each query sent as it is and planned anew, as the
service has to. wrk and pgbench share the cores with what they measure.
"""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import rounds
from layers import layered_store
from small import FORM, body, queries, translated
from store import Service, service

from provtap.config import Settings

LUA = """
local bodies = {%s}
local n = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "%s"
function request() n = n %% #bodies + 1; return wrk.format(nil, nil, nil, bodies[n]) end
function done(summary, latency)
  local e = summary.errors
  print("result", summary.requests * 1e6 / summary.duration,
        e.status + e.connect + e.read + e.write + e.timeout,
        latency:percentile(50) / 1000, latency:percentile(90) / 1000, latency:percentile(99) / 1000)
end
"""


@dataclass(frozen=True)
class Answers:
    """What a number of clients got in one round."""

    rate: float
    """Queries a second."""
    errors: float = 0
    latencies: tuple[float, ...] = ()
    """50th, 90th and 99th percentile, in milliseconds."""


def main() -> None:
    """Print how many queries are answered a second, and how long clients wait."""
    parser = rounds.parser(__doc__)
    parser.add_argument("--activities", type=int, default=200_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=4, help="of each way in each round")
    options = parser.parse_args()
    if shutil.which("wrk") is None or shutil.which("pgbench") is None:
        print("\nThis needs wrk and pgbench.")
        return
    rounds.heading(f"How many queries of one row, by {options.clients} clients?", options.rounds)
    with (
        tempfile.TemporaryDirectory() as directory,
        layered_store(options.activities) as settings,
        service(settings) as running,
    ):
        lua, sql = scripts(Path(directory), settings)
        given = (options.clients, options.seconds)
        got: dict[str, list[Answers]] = {"pgbench": [], "/sync": []}
        for _ in range(options.rounds):
            got["pgbench"].append(pgbench(settings, sql, *given))
            got["/sync"].append(wrk(running, lua, *given))
        show(got)


def scripts(directory: Path, settings: Settings) -> tuple[Path, Path]:
    """Write the queries down for wrk and for pgbench."""
    adql = queries(settings)
    lua, sql = directory / "queries.lua", directory / "queries.sql"
    lua.write_text(LUA % (", ".join(f'"{body(query)}"' for query in adql), FORM["Content-Type"]))
    sql.write_text("".join(f"{' '.join(query.split())};\n" for query in translated(settings, adql)))
    return lua, sql


def wrk(running: Service, script: Path, clients: int, seconds: int) -> Answers:
    """Let clients ask the service."""
    command = ["wrk", "-t1", "--timeout", "60", f"-c{clients}", f"-d{seconds}s", "-s", str(script)]
    out = subprocess.run(
        [*command, f"http://127.0.0.1:{running.port}/tap/sync"], capture_output=True, text=True, check=True
    ).stdout
    rate, errors, *latencies = map(float, out.partition("result")[2].split())
    return Answers(rate, errors, tuple(latencies))


def pgbench(settings: Settings, script: Path, clients: int, seconds: int) -> Answers:
    """Let clients ask PostgreSQL; a transaction of pgbench is the whole script."""
    command = ["pgbench", "-n", "-c", str(clients), "-T", str(seconds), "-f", str(script)]
    out = subprocess.run(
        [*command, str(settings.database_url)], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"tps = ([0-9.]+)", out)
    assert found
    return Answers(float(found[1]) * len(script.read_text().splitlines()))


def show(got: dict[str, list[Answers]]) -> None:
    """Print a table of medians."""
    floor = median(answers.rate for answers in got["pgbench"])
    rows = []
    for name, answers in got.items():
        rate = median(a.rate for a in answers)
        waits = [f"{median(times):.1f} ms" for times in zip(*(a.latencies for a in answers), strict=True)]
        errors = f"{sum(a.errors for a in answers):.0f}"
        rows.append([name, f"{rate:.0f}", f"{floor / rate:.1f}", errors, *(waits or [""] * 3)])
    rounds.table(["way", "queries a second", "pgbench's over it", "errors", "50 %", "90 %", "99 %"], rows)


if __name__ == "__main__":
    main()
