"""What a release installs: wheel and source archive, in environments that know no checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from activation_sandbox.client import SandboxControl
from e2e import connections

pytestmark = pytest.mark.torture
ROOT = Path(__file__).parents[2]
MADE_BY_BUILDING = re.compile(r"PKG-INFO|setup\.cfg|dbt_activation\.egg-info/.*")
FILES = {
    "dbt_project.yml": "name: own\nprofile: own\nversion: 1.0.0\n",
    "models/people.sql": (
        "select 'c_1' as customer_id, {{ activation.normalize_email(\"' A@Example.com '\") }}"
        " = 'a@example.com' as is_known, 'gold' as tier\n"
    ),
    "models/people.yml": """
models:
  - name: people
    config:
      contract: {enforced: true}
      meta: {activation: {kind: traits, identity: customer_id, destinations: [customerio]}}
    columns:
      - {name: customer_id, data_type: varchar}
      - {name: is_known, data_type: boolean}
      - {name: tier, data_type: varchar}
""",
}


def ran(*command: str | Path, cwd: Path, expect: int = 0, **environ: str) -> str:
    """What a command wrote; nothing of this checkout is on its path."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DBT_"))}
    environ = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "NO_COLOR": "1", **environ}
    done = subprocess.run(
        command, cwd=cwd, env={**plain, **environ}, capture_output=True, text=True
    )
    output = done.stdout + done.stderr
    assert done.returncode == expect, output
    return output


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git holds, and nothing else."""
    into = tmp_path_factory.mktemp("checkout")
    named = ran("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, named.split("\0")):
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_bytes((ROOT / name).read_bytes())
    return into


@pytest.fixture(scope="module")
def dist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both archives: those of a release that is being built, or built here."""
    if built := os.environ.get("DIST"):
        return (ROOT / built).resolve()
    into = tmp_path_factory.mktemp("dist")
    python = environment(into / "tools", "build", "twine")
    ran(python, "-m", "build", "--outdir", into / "dist", cwd=checkout)
    archives = [str(path) for path in (into / "dist").iterdir()]
    ran(python, "-m", "twine", "check", "--strict", *archives, cwd=into)
    return into / "dist"


def environment(place: Path, *packages: str) -> Path:
    """The Python of a new environment with these packages."""
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    ran(
        *(python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"),
        *packages,
        cwd=place,
    )
    return python


@pytest.fixture(scope="module")
def source(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive, unpacked."""
    (archive,) = dist.glob("*.tar.gz")
    into = tmp_path_factory.mktemp("source")
    with tarfile.open(archive) as found:
        found.extractall(into, filter="data")
    (inside,) = into.iterdir()
    return inside


@dataclass
class Installed:
    """A project in an environment with the wheel, dbt, and nothing else."""

    dir: Path
    bin: Path

    def run(self, *command: str, expect: int = 0, **environ: str) -> str:
        program, *rest = command
        return ran(self.bin / program, *rest, cwd=self.dir, expect=expect, **environ)

    @contextmanager
    def sandbox(self) -> Iterator[str]:
        """Its address, while it runs."""
        server = subprocess.Popen(
            [self.bin / "dbt-activation", "sandbox", "--port", "0", "--quiet"],
            cwd=self.dir,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            found = re.search(r"http://[\d.]+:\d+", server.stdout.readline())
            assert found
            yield found[0]
        finally:
            server.terminate()
            server.communicate()


@pytest.fixture(scope="module")
def installed(dist: Path, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("installed")
    (wheel,) = dist.glob("*.whl")
    python = environment(place / "env", f"{wheel}[duckdb,sandbox]")
    project = place / "project"
    packages = {"packages": [{"local": str(source)}]}
    for name, text in {**FILES, "packages.yml": yaml.safe_dump(packages)}.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    target = {"type": "duckdb", "path": "own.duckdb"}
    connection = connections.settings(connections.CUSTOMERIO, "{{ env_var('SANDBOX_URL') }}")
    profiles = {
        "own": {"target": "dev", "outputs": {"dev": target}},
        "destinations": {"dev": {connections.CUSTOMERIO: connection}},
    }
    (project / "profiles.yml").write_text(yaml.safe_dump(profiles))
    return Installed(project, python.parent)


def test_the_wheel_and_the_package_sync_a_project(installed: Installed) -> None:
    installed.run("dbt", "deps")
    installed.run("dbt", "build", "--warn-error")
    version = installed.run("python", "-m", "sync", "--version")
    assert re.search(r"\d+\.\d+\.\d+", version)
    with installed.sandbox() as url:
        assert "All fine: 1 model, 1 sync" in installed.run("python", "-m", "sync", "check")
        assert "1 delivered" in installed.run("python", "-m", "sync", SANDBOX_URL=url)
        assert "No changes" in installed.run("dbt-activation", SANDBOX_URL=url)
        person = SandboxControl(url).person("c_1")
        page = ran(
            sys.executable,
            "-c",
            f"from urllib.request import urlopen; print(urlopen('{url}').read().decode())",
            cwd=installed.dir,
        )
    assert person is not None
    assert {"is_known": True, "tier": "gold"}.items() <= person["attributes"].items()
    assert "<html" in page


def test_the_wheel_holds_both_packages_whole(dist: Path, checkout: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    held = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    ours = {
        str(path.relative_to(folder))
        for folder in (checkout, checkout / "sandbox")
        for package in ("sync", "activation_sandbox")
        for path in (folder / package).rglob("*")
        if path.is_file()
    }
    assert held == ours


def test_the_source_archive_holds_what_git_holds(source: Path, checkout: Path) -> None:
    def files(folder: Path) -> set[str]:
        found = (str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
        return {name for name in found if not MADE_BY_BUILDING.fullmatch(name)}

    assert files(source) == files(checkout)


def test_the_source_archive_passes_its_own_tests(source: Path) -> None:
    some = [f"tests/unit/{name}" for name in ("test_docs.py", "test_imports.py", "project")]
    ran(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *some, cwd=source)
