"""Prints the one-time link through which the first admin is made."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse

from dreams.services.refusals import Refusal
from dreams.services.setup import setup_token


class Command(BaseCommand):
    help = "Print the one-time link that makes the first admin; says so when that has happened."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base", default="http://localhost:8000", help="the address the browser uses")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            path = reverse("setup", kwargs={"token": setup_token()})
        except Refusal as error:
            self.stdout.write(str(error))
            return
        self.stdout.write(f"{options['base'].rstrip('/')}{path}")
        self.stdout.write(f"It works once, for a day. The API is expected at {settings.ANTHROPIC_BASE_URL}.")
