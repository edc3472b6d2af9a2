"""What `make` says on a machine that lacks something; installing itself is proven by running it in a clean clone."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the Makefile and the lock files, and nothing else."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def make(clone: Path, python: str) -> subprocess.CompletedProcess[str]:
    """`make demo` with this Python."""
    command = ["make", "demo", f"PYTHON={python}"]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, timeout=60)


def fake_python(clone: Path, *answers: str) -> str:
    """A program that stands for a Python: each answer is a `case` of a shell script."""
    program = clone / "fake-python"
    program.write_text("\n".join(["#!/bin/sh", 'case "$*" in', *answers, "esac", ""]))
    program.chmod(0o755)
    return str(program)


def test_no_python_at_all(clone: Path) -> None:
    done = make(clone, "no-such-python")
    assert done.returncode
    assert "Python 3.11 or newer is needed, but there is no 'no-such-python' here" in done.stdout


def test_a_python_that_is_too_old(clone: Path) -> None:
    done = make(clone, fake_python(clone, "*version_info*) exit 1;;", "--version) echo Python 3.9.2;;"))
    assert done.returncode
    assert "is Python 3.9.2. Name a newer one: make demo PYTHON=" in done.stdout


def test_debian_without_python3_venv(clone: Path) -> None:
    done = make(clone, fake_python(clone, "*ensurepip*) exit 1;;"))
    assert done.returncode
    assert "sudo apt install python3-venv" in done.stdout


def test_a_venv_whose_python_has_gone_is_made_anew(clone: Path) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").symlink_to("/no/such/python")
    (clone / ".venv/run.stamp").touch()
    done = make(clone, fake_python(clone, '"-m venv .venv") echo making it; exit 1;;'))
    assert "making it" in done.stdout
