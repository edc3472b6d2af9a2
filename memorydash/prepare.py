"""What must be done before the servers start, in one process, since each start of Django costs a second."""

import os
import sys

import django
from django.core.management import call_command


def main(kind: str, address: str, announcement: str) -> None:
    """Migrate, collect static files and write what to tell the person into the file `announcement`.

    For kind "demo" that is whom to sign in as; for "run" the one-time link under `address` that makes the first admin.

    The file is for the owner alone: no log may hold a password or such a link.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memorydash.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0, stdout=sys.stderr)
    call_command("collectstatic", interactive=False, verbosity=0, stdout=sys.stderr)
    with os.fdopen(os.open(announcement, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as words:
        if kind == "demo":
            call_command("seed_demo", stdout=words)
        else:
            call_command("setup_link", base=address, stdout=words)


if __name__ == "__main__":
    main(*sys.argv[1:])
