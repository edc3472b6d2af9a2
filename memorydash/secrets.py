"""Secrets made once and kept in the data directory, for installations that configure none."""

import os
import secrets
from pathlib import Path


def kept_secret(path: Path, *, fernet: bool = False) -> str:
    """The secret kept in `path`, made there (mode 0600) when missing; two processes starting at once agree on one."""
    if not path.exists():
        from cryptography.fernet import Fernet

        value = Fernet.generate_key().decode() if fernet else secrets.token_urlsafe(50)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(value)
        try:
            os.link(draft, path)  # unlike rename, fails when another process was first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
