"""Reviews of many changes, for the tests of their list: every kind that a list may hold, as many as asked for."""

Texts = dict[str, str]


def many_changes(count: int) -> tuple[Texts, Texts]:
    """(before, after) of a store in which `count` memories were moved, re-wrapped, modified, added, removed, and
    some stayed as they were."""
    before: Texts = {}
    after: Texts = {}
    for n in range(count):
        path = f"/{('teams', 'customers', 'runbooks')[n % 3]}/region-{n % 7}/topic-{n:04}.md"
        said = f"# Topic {n}\n\nThe depot number {n} opens at the gate {n % 40} and closes late.\nDesk {n} pages.\n"
        if n % 6 == 0:
            before[path], after[path.replace("/topic", "/filed/topic")] = said, said
        elif n % 6 == 1:
            before[path], after[path] = said, said.replace(" and ", "\nand ")
        elif n % 6 == 2:
            before[path], after[path] = said, said + f"Parcels of lane {n} wait in the hall.\n"
        elif n % 6 == 3:
            after[path] = said
        elif n % 6 == 4:
            before[path], after[path] = said, said.replace("closes late", f"closes at {n % 12}")
        else:
            before[path] = said
        if n % 10 == 0:
            before[f"/kept/{n:04}.md"] = after[f"/kept/{n:04}.md"] = f"The ledger {n} stays where it is.\n"
    return before, after
