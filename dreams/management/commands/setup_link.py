"""Prints what is still missing before somebody can work: the first admin's one-time link, then the vendor's key."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse

from dreams.models import Workspace
from dreams.services.refusals import Refusal
from dreams.services.setup import setup_token


class Command(BaseCommand):
    help = "Print the one-time link that makes the first admin; once that has happened, what is missing next."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base", default="http://localhost:8000", help="the address the browser uses")

    def handle(self, *args: Any, **options: Any) -> None:
        base = options["base"].rstrip("/")
        try:
            path = reverse("setup", kwargs={"token": setup_token()})
        except Refusal:
            self._say_what_is_missing(base)
            return
        self.stdout.write(f"Make the first admin here (the link works once, for a day):\n{base}{path}")
        self.stdout.write(f"It then asks for an API key of the workspace at {settings.ANTHROPIC_BASE_URL}.")

    def _say_what_is_missing(self, base: str) -> None:
        for workspace in Workspace.objects.order_by("slug"):
            words = workspace.outage or f"{base}/{workspace.slug}/"
            if not workspace.connected:
                words = f"no API key is connected yet; an admin does that at {words}settings/"
            self.stdout.write(f"{workspace}: {words}")
