"""Processes that kill themselves at a named line: `python -m tests.faults.mortal`, told over stdin what to do.

It imports the product once and forks for every order, since a fresh import takes seconds. An order is a line of JSON:
{"database": file, "vendor": url, "task": name, "pk": id, "line": "module:attribute", "when": "before" or "after",
"call": n}; one with a database alone only makes its tables. The child runs the task and, when it comes to the n-th
call of the line, ends by SIGKILL: no handler, no `finally`, no commit. The answer is a line with its wait status.
"""

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any


def main() -> None:
    """Serve orders until stdin ends."""
    import anthropic  # noqa: F401 - imported late by the product; here once for all children
    import django

    django.setup()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            live(json.loads(line))
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)


def live(order: dict[str, Any]) -> None:
    """The child's life."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from dreams import tasks
    from tests.faults import people_do

    connection.settings_dict["NAME"] = order["database"]
    if "task" not in order:
        call_command("migrate", verbosity=0)
        connection.close()  # which leaves everything in the one file
        return
    settings.ANTHROPIC_BASE_URL = order["vendor"]
    module, _, path = order["line"].partition(":")
    *parents, name = path.split(".")
    owner = importlib.import_module(module)
    for parent in parents:
        owner = getattr(owner, parent)
    setattr(owner, name, deadly(getattr(owner, name), order["when"], order["call"]))
    work = getattr(tasks, order["task"], None) or getattr(people_do, order["task"])
    work(order["pk"])


def deadly(line: Callable[..., Any], when: str, call: int) -> Callable[..., Any]:
    """The same, but its `call`-th call is the last thing this process sees."""
    calls = 0

    def wrapped(*args: Any, **given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = line(*args, **given)
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return wrapped


if __name__ == "__main__":
    main()
