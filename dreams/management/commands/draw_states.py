"""Draws docs/states.md from the tables of states, so that the drawing cannot say anything else than the code."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dreams.rules.dream_states import DREAM_STATES
from dreams.rules.review_states import REVIEW_STATES
from dreams.rules.states import StateTable

HEAD = """# States

Drawn by `manage.py draw_states` from the tables in `dreams/rules/`; do not edit. The words are what people read.
A step is taken by compare-and-set: only from the states it may start from, else somebody is told who was faster.
A dream that was started elsewhere begins as pending.
"""


class Command(BaseCommand):
    """`--check` writes nothing and fails when the file is stale."""

    help = "Draw docs/states.md from the tables of states."

    def add_arguments(self, parser: CommandParser) -> None:
        """Only `--check`."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is stale")

    def handle(self, *args: Any, **options: Any) -> None:
        """Writes the file, or compares it."""
        path = Path(settings.BASE_DIR) / "docs" / "states.md"
        text = "\n".join([HEAD, *(drawing(table) for table in (DREAM_STATES, REVIEW_STATES))])
        if not options["check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError("docs/states.md is stale: run manage.py draw_states.")


def drawing(table: StateTable) -> str:
    """One table as Markdown: a Mermaid diagram, then the words, in the order of the table; the first is the start."""
    states = table.words
    arrows = [f"[*] --> {next(iter(states))}"]
    for step in table.steps:
        arrows += [f"{source} --> {step.target}: {step.name}" for source in states if source in step.sources]
    arrows += [f"{state} --> [*]" for state in states if state in table.final]
    rows = [f"| {state} | {words} | {'yes' if state in table.final else ''} |" for state, words in states.items()]
    diagram = ["```mermaid", "stateDiagram-v2", *(f"    {arrow}" for arrow in arrows), "```"]
    words = ["| State | People read | Ends there |", "| --- | --- | --- |", *rows]
    return "\n".join([f"## {table.noun.capitalize()}", "", *diagram, "", *words, ""])
