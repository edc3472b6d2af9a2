"""The tree is as docs/architecture.md says: one key in five places, floors, sizes, words, and nothing foreign."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern

from dreams import urls
from dreams.rules import roles

ROOT = Path(__file__).resolve().parents[2]
OURS = ("dreams", "memorydash", "sandbox", "tests")

# A form and its preview, or verbs that share their page's test, are tested in one file; the rest by name.
TESTED_IN = {
    "change-detail": "test_change_detail",
    "feed-read": "test_feed_entry",
    "memory-create": "test_memory_pages",
    "memory-detail": "test_memory_pages",
    "memory-edit": "test_memory_pages",
    "memory-rename": "test_memory_pages",
    "memory-delete": "test_memory_pages",
    "memory-refresh": "test_memory_versions",
    "version-read": "test_memory_versions",
    "store-create": "test_store_list",
    "store-preview": "test_store_import",
    "store-download": "test_snapshot_download",
    "snapshot-take": "test_snapshot_list",
    "run-again": "test_run_restore",
    "store-refresh": "test_store_detail",
    "store-archive": "test_store_detail",
    "store-delete": "test_store_detail",
    "review-accepted": "test_review_accept",
    "review-approve": "test_review_verbs",
    "review-reopen": "test_review_verbs",
    "review-discard": "test_review_verbs",
}
# A page whose address is a verb, or which is a whole noun by itself, has a template of another name.
TEMPLATES = {
    "home": "home/none",
    "setup": "home/setup",
    "inbox": "inbox/inbox",
    "feed": "feed/feed",
    "store-feed": "feed/store",
    "feed-entry": "feed/entry",
    "feed-read": "feed/entry",
    "search": "search/search",
    "store-health": "health/store",
    "store-freshness": "stores/_freshness",
    "budget": "budget/budget",
    "workspace-settings": "workspaces/settings",
    "workspace-key": "workspaces/settings",
    "change-detail": "reviews/detail",
    "change-edit": "reviews/detail",
    "change-panel": "reviews/panel",
    "change-put-back": "reviews/put_back",
    "member-change": "members/list",
    "attachment-undo": "attachments/detail",
    "run-plan": "runs/drift",
    "compare": "compare/result",
    "store-compare": "compare/choose",
}
# Verbs: a POST, answered by a redirect or a fragment of the page they stand on; healthz and theme answer no page.
VERBS = {
    *("memory-refresh", "version-read"),
    *("healthz", "theme", "feed-seen", "make-current", "store-refresh", "store-archive", "memory-delete"),
    *("dream-cancel", "dream-recheck", "dream-review", "change-decide", "change-undo"),
    *("review-approve", "review-reopen", "run-confirm", "compare-review"),
    *("snapshot-take", "snapshot-download", "store-download", "run-again"),
}
# Nobody reads these as a whole: what makemigrations wrote.
LONG_BY_NATURE = {"dreams/migrations/0001_first.py"}


def files(*folders: str, ends: tuple[str, ...] = (".py",)) -> Iterator[Path]:
    for folder in folders:
        yield from (
            path for path in (ROOT / folder).rglob("*") if path.suffix in ends and "__pycache__" not in str(path)
        )


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


@pytest.mark.parametrize("pattern", urls.urlpatterns, ids=lambda pattern: pattern.name)
def test_a_name_of_an_address_leads_to_its_view_template_and_test(pattern: URLPattern) -> None:
    name = pattern.name
    assert name
    noun, _, page = name.partition("-")
    assert pattern.callback.__name__ == name.replace("-", "_")
    assert (ROOT / f"tests/views/{TESTED_IN.get(name, f'test_{name}'.replace('-', '_'))}.py").exists()
    if name not in VERBS:
        plural = re.sub("y$", "ie", noun) + "s" if noun != "audit" else noun
        assert (ROOT / f"templates/{TEMPLATES.get(name, f'{plural}/{page}')}.html").exists()


def test_no_exception_outlives_what_it_excepts() -> None:
    names = {pattern.name for pattern in urls.urlpatterns}
    assert {*TESTED_IN, *TEMPLATES, *VERBS} <= names
    assert all((ROOT / name).exists() for name in LONG_BY_NATURE)


def test_every_module_says_what_belongs_there() -> None:
    silent = [
        name_of(path)
        for path in files(*OURS)
        if path.read_text(encoding="utf-8").strip() and "migrations" not in path.parts
        if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []


def test_what_a_service_a_query_or_a_rule_promises_is_written_on_it() -> None:
    silent = []
    for path in files("dreams/services", "dreams/queries", "dreams/rules"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and ast.get_docstring(node) is None:
                silent.append(f"{name_of(path)}: {node.name}")
    assert silent == []


def test_files_are_short_enough_to_be_read() -> None:
    product = [path for path in files("dreams", "memorydash", "sandbox", "static") if path.suffix == ".py"]
    long = {name_of(path) for path in product if lines(path) > 400}
    assert long <= LONG_BY_NATURE
    tests = list(files("tests"))
    assert sum(lines(path) > 400 for path in tests) <= len(tests) * 0.05
    templates = list(files("templates", ends=(".html",)))
    assert [name_of(path) for path in templates if lines(path) > 200] == []


def test_functions_fit_on_a_screen() -> None:
    long = []
    for path in files("dreams", "memorydash", "sandbox"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > 60:
                    long.append(f"{name_of(path)}: {node.name} has {length} lines")
    assert long == []


def test_imports_go_down_the_floors() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml")) == 0


def test_html_from_python_comes_from_the_one_builder() -> None:
    makers = re.compile(r"\bmark_safe\b|\bformat_html\b|\bSafeText\b|\.safe\b")
    found = {
        name_of(path) for path in files("dreams", "memorydash") if makers.search(path.read_text(encoding="utf-8"))
    }
    assert {name for name in found if not name.startswith("dreams/render/")} == set()


def test_no_template_turns_escaping_off() -> None:
    off = re.compile(r"\|\s*(safe|safeseq)\b|autoescape\s+off")
    templates = files("templates", ends=(".html", ".txt"))
    assert [name_of(path) for path in templates if off.search(path.read_text(encoding="utf-8"))] == []


def test_every_action_is_asked_for_somewhere_and_known() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in files("dreams/services", "dreams/views"))
    asked = set(re.findall(r'(?:check_can\([^)]*?|allows\(request, |why_not\(request, )"(\w+)"', source))
    assert asked <= set(roles.LEAST_ROLE)
    assert set(roles.LEAST_ROLE) - {"read"} <= asked


def test_the_tree_names_no_package_index_and_no_place_of_a_machine() -> None:
    # Put together here, so that this file does not name them either.
    hosts = ["pypi" + ".org", "python" + "hosted.org", "npm" + "js.", "js" + "delivr", "un" + "pkg.com"]
    places = ["/" + "work/", "/root" + "/"]
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True).stdout
    tracked = [ROOT / name for name in listed.split("\0") if name]
    if not tracked:
        pytest.skip("This is no git checkout: there is no list of what belongs to the project.")
    found = []
    for path in tracked:
        if path.is_file() and path.suffix not in (".png", ".ico", ".woff2"):
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [f"{name_of(path)}: {word}" for word in hosts + places if word in text]
    assert found == []
