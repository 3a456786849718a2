"""The files for systemd in deploy/systemd, with the paths of this machine."""

import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from provtap.config import Settings
from provtap.errors import SettingsError

PLACES = {
    "provtap.service": "/etc/systemd/system/provtap.service",
    "provtap-worker.service": "/etc/systemd/system/provtap-worker.service",
    "provtap.sysusers": "/etc/sysusers.d/provtap.conf",
    "provtap.tmpfiles": "/etc/tmpfiles.d/provtap.conf",
}
"""Where each file belongs."""
PROGRAM, CONFIG = "/opt/provtap/bin/provtap", "/etc/provtap.toml"
"""What the files contain, and this machine may have elsewhere."""
HOME, LOGS = "/var/lib/provtap", "/var/log/provtap"
"""The directories to which a service can write without further settings."""
HOMES = ("/home", "/root", "/run/user")
"""What ProtectHome hides from a service."""


def units(config: str | None = None, user: str = "provtap") -> dict[str, str]:
    """Return the text of each file, by the path where it belongs.

    The service runs as *user*, gets its settings from the file *config* alone, and may write to the
    directories that are set there.

    Raises: SettingsError, also for a name that systemd would read as something else.
    """
    program = Path(sysconfig.get_path("scripts")) / "provtap"
    file = Path(config or CONFIG).absolute()
    settings = Settings.from_environ({"PROVTAP_CONFIG": str(file)}) if file.exists() else Settings()
    written = list(dict.fromkeys(_written(settings)))
    for value in (program, file, user, *written):
        if not re.fullmatch(r"[\w@./+:,=-]+", str(value), re.ASCII):
            raise SettingsError(
                f"A unit of systemd cannot name {str(value)!r} without escapes.",
                hint="Use letters, digits and _@./+:,=- only.",
            )
    hidden = any(_is_in(path, HOMES) for path in (program, Path(sys.executable).resolve(), file, *written))
    changes = {
        PROGRAM: str(program),
        CONFIG: str(file),
        f"{LOGS}\n": " ".join([LOGS, *map(str, written)]) + "\n",
        "ProtectHome=yes": "ProtectHome=read-only" if hidden else "ProtectHome=yes",
    }
    found = {}
    for name, place in PLACES.items():
        text = (files("provtap.systemd") / name).read_text("utf-8")
        for usual, here in changes.items():
            text = text.replace(usual, here)
        text = re.sub(r"(?<=[ =])provtap(?=\s)", user, text)  # alone, not in a path
        if name == "provtap.tmpfiles":
            text += "".join(f"d {path} 0750 {user} {user} -\n" for path in written)
        found[place] = text
    return found


def write(text: str, file: Path) -> Path:
    """Write one of them, and the directories above it. Raises: SettingsError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise SettingsError(f"{file} cannot be written: {why}.", hint="See --root.") from error
    return file


def unreachable(user: str, program: Path | None = None) -> str | None:
    """Return a sentence if *user* may be unable to run *program*: a directory above it is closed to others.

    By default, the programs are those of this installation.
    """
    here = (Path(sysconfig.get_path("scripts")) / "provtap", Path(sys.executable).resolve())
    for path in here if program is None else (program,):
        for directory in reversed(path.parents):
            if not directory.stat().st_mode & 0o001:
                return (
                    f"The user {user} may be unable to run {path}, because other users cannot enter"
                    f" {directory}. Install ProvTAP elsewhere, for instance in /opt/provtap, with a Python of"
                    " the system."
                )
    return None


def _written(settings: Settings) -> Iterator[Path]:
    """Yield the directories outside the working directory to which the service writes."""
    log = settings.access_log
    for path in (settings.data_dir, settings.result_dir, Path(log).parent if log and log != "-" else None):
        if path is not None and path.is_absolute() and not _is_in(path, (HOME, LOGS)):
            yield path


def _is_in(path: Path, directories: Iterable[str]) -> bool:
    return any(path.is_relative_to(directory) for directory in directories)
