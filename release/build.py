"""Build the offline folder: wheels of the programme and of all that it needs, installers, checksums.

`make release` runs this for the Python and the platform at hand; `make release PLATFORM=win_amd64 PYTHON_VERSION=3.12`
for another one. Only building needs a network; what it builds installs without one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = Path(__file__).resolve().parent / "folder"
EXTRAS = "office"
WINDOWS_ONLY = ("tzdata", "colorama")
"""pip judges conditions such as `sys_platform == "win32"` by the machine it runs on, so these are named for Windows."""
ENDINGS = {".cmd": "\r\n", ".ps1": "\r\n"}
BOM = {".ps1"}
"""Windows PowerShell 5 takes a script without one for the old code page."""


def main() -> int:
    """Build; the folder appears whole or not at all."""
    said = arguments()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    python = said.python_version or f"{sys.version_info.major}.{sys.version_info.minor}"
    platform = said.platform[0] if said.platform else sysconfig.get_platform().replace("-", "_").replace(".", "_")
    name = f"inspect-tui-{version}-offline" + (f"-{platform}" if said.platform else "")
    said.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=said.out, prefix=".release-") as scratch:
        folder = Path(scratch) / name
        (folder / "wheels").mkdir(parents=True)
        if said.platform or said.python_version:
            foreign_wheels(folder / "wheels", said.platform, python)
        else:
            run("wheel", "--wheel-dir", folder / "wheels", f"{ROOT}[{EXTRAS}]", "pip")
        for file in said.extra:
            (folder / "extra").mkdir(exist_ok=True)
            shutil.copy2(file, folder / "extra" / file.name)
        facts = {
            "name": "inspect-tui",
            "version": version,
            "extras": EXTRAS,
            "python": python,
            "platform": platform,
        }
        (folder / "RELEASE.json").write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
        shutil.copy2(ROOT / "LICENSE", folder / "LICENSE")
        write_templates(folder, facts)
        write_sums(folder)
        target = said.out / name
        if target.exists():
            shutil.rmtree(target)
        folder.replace(target)
    wheels = len(list((target / "wheels").iterdir()))
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file()) >> 20
    print(f"{target}: {wheels} wheels, {size} MiB, Python {python}, {platform}")
    return 0


def arguments() -> argparse.Namespace:
    """What is to be built."""
    parser = argparse.ArgumentParser(description="Build the folder that installs inspect-tui offline.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where to (default dist)")
    parser.add_argument(
        "--platform", action="append", default=[], help="another platform, such as win_amd64; may be repeated"
    )
    parser.add_argument("--python-version", help="another Python, such as 3.12")
    parser.add_argument(
        "--extra", type=Path, action="append", default=[], help="a file to go along, such as Python's installer"
    )
    said = parser.parse_args()
    for file in said.extra:
        if not file.is_file():
            parser.error(f"{file} is no file")
    return said


def run(*words: object) -> None:
    """Run pip; what it says is shown only when it fails."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"pip {words[0]} failed")


def foreign_wheels(folder: Path, platforms: list[str], python: str) -> None:
    """The wheels for another platform or Python: only such as are there, nothing is compiled."""
    run("wheel", "--no-deps", "--wheel-dir", folder, ROOT)
    (own,) = folder.glob("*.whl")
    options = [option for platform in platforms for option in ("--platform", platform)]
    windows = WINDOWS_ONLY if any(platform.startswith("win") for platform in platforms) else ()
    run(
        *(
            "download",
            "--only-binary",
            ":all:",
            "--dest",
            folder,
            "--python-version",
            python,
            "--implementation",
            "cp",
        ),
        *(*options, f"{own}[{EXTRAS}]", "pip", *windows),
    )


def write_templates(folder: Path, facts: dict[str, str]) -> None:
    """Installers and README, with version and Python filled in, in the line ends that their readers want."""
    for template in sorted(TEMPLATES.iterdir()):
        text = template.read_text("utf-8")
        for key, value in facts.items():
            text = text.replace(f"@{key}@", value)
        path = folder / template.name
        encoding = "utf-8-sig" if path.suffix in BOM else "utf-8"
        path.write_text(text, encoding, newline=ENDINGS.get(path.suffix, "\n"))
        if path.suffix == ".sh":
            path.chmod(0o755)


def write_sums(folder: Path) -> None:
    """`SHA256SUMS` of every other file, as `sha256sum -c` reads it."""
    lines = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
