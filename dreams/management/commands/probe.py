"""Asks a real server what the documents do not say, and shows where the stand-in differs."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dreams.models import Workspace
from dreams.remote import probe, probe_writes
from dreams.remote.errors import RemoteError
from dreams.remote.gateway import Gateway
from dreams.services import vendor

SIGNS = {"same": "=", "differs": "≠", probe.NOT_SETTLED: "?"}


class Command(BaseCommand):
    help = (
        "With a real key (ANTHROPIC_API_KEY, or a workspace's own): settle what the API's documents leave open "
        "and print, for each question, what the API answers, what the stand-in does, and whether they differ. "
        "Read-only unless --write is given."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG", help="use the key stored for this workspace")
        parser.add_argument(
            "--write", action="store_true", help="ask with writes too, in a scratch store that is deleted"
        )
        parser.add_argument(
            "--stand-in", metavar="URL", help="a running stand-in; without it one is started for the time"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            real = self.gateway(options["workspace"])
            identity = real.identity()
        except RemoteError as error:
            raise CommandError(error.words) from None
        self.stdout.write(
            f"API at {settings.ANTHROPIC_BASE_URL}, organisation {identity.organization_id}, "
            f"workspace {identity.workspace_id or 'not told'}"
        )
        with ExitStack() as stack:
            url = options["stand_in"] or stack.enter_context(stand_in())
            servers = real, Gateway("probe", base_url=url)
            try:
                self.compare(servers, write=options["write"])
            except RemoteError as error:
                raise CommandError(error.words) from None
            except probe_writes.CannotDelete as left:
                raise CommandError(f"The scratch store could not be deleted: {left}") from None

    def gateway(self, slug: str | None) -> Gateway:
        """The gateway of the workspace, or of the key in the environment."""
        if slug:
            try:
                return vendor.gateway_for(Workspace.objects.get(slug=slug))
            except Workspace.DoesNotExist:
                raise CommandError(f"There is no workspace {slug!r}.") from None
        return vendor.gateway_with(os.environ.get("ANTHROPIC_API_KEY", ""), "probe")

    def compare(self, servers: tuple[Gateway, Gateway], *, write: bool) -> None:
        """Every question to both servers, printed as it is answered."""
        probes = [probe.Probe(server) for server in servers]
        counts = dict.fromkeys(SIGNS, 0)

        def both(*checks: list[probe.Check]) -> None:
            answers = (probe.run(one, of_one) for one, of_one in zip(probes, checks, strict=True))
            for (question, real), (_, ours) in zip(*answers, strict=True):
                verdict = probe.verdict(real, ours)
                counts[verdict] += 1
                self.stdout.write(f"{SIGNS[verdict]} {question}")
                self.stdout.write(f"    API:      {line(real)}")
                self.stdout.write(f"    stand-in: {line(ours)}")

        both(probe.READS, probe.READS)
        if write:
            with ExitStack() as stack:
                stores = [stack.enter_context(probe_writes.scratch_store(server)) for server in servers]
                both(*(probe_writes.checks(store) for store in stores))
        self.stdout.write("\n".join(["", "No probe settles:", *(f"  {what}" for what in probe.NEVER_SETTLED)]))
        self.stdout.write(", ".join(f"{count} {verdict}" for verdict, count in counts.items()) + ".")


def line(seen: probe.Seen) -> str:
    """Facts and note on one line."""
    return f"{seen.facts} ({seen.note})" if seen.note else seen.facts


@contextmanager
def stand_in() -> Iterator[str]:
    """The address of a stand-in with the demo world, which ends with this."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sandbox", "--port=0", "--demo", "--speed=1000"]
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [*command, f"--state={folder}/state.sqlite3"],
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            said = process.stdout.readline() if process.stdout else ""
            if "listening on " not in said:
                raise CommandError("The stand-in did not start; give the address of one with --stand-in.")
            yield said.split("listening on ")[1].strip()
        finally:
            process.terminate()
            process.communicate()
