"""What must be done before the servers start, in one process, since each start of Django costs a second."""

import os
import sys

import django
from django.core.management import call_command


def main(kind: str, announcement: str) -> None:
    """Migrate, collect static files and, for kind "demo" or "run", write what to tell the person into `announcement`.

    That file is for the owner alone: it holds a password or a one-time link, which no log may hold.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memorydash.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0, stdout=sys.stderr)
    call_command("collectstatic", interactive=False, verbosity=0, stdout=sys.stderr)
    with os.fdopen(os.open(announcement, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as words:
        call_command("seed_demo" if kind == "demo" else "setup_link", stdout=words)


if __name__ == "__main__":
    main(*sys.argv[1:])
