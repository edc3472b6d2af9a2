"""A new store from a .zip or a folder: what would be created and what is refused, before anything is written."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from dreams.forms import uploads
from dreams.models import ApplyRun, Snapshot, StoreDraft, Text
from dreams.services import restoring
from tests.factories import NOTES, connect
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only
from tests.views.snapshotting import at_vendor, carried_out, sent, snapshot, words, zipped

__all__ = ["snapshot"]
URL = "/acme/stores/import/"
FILES = {"ana.md": "Ana", "deep/er/b.md": "B\r\n", "deep/Er/b.md": "b", "empty.md": ""}


@pytest.fixture
def draft(people: People, sandbox: Sandbox) -> StoreDraft:
    """Four good files and three bad ones, sent in by Dave."""
    connect(people)
    bad = {"../up.md": "u", "picture.png": b"\x89PNG\xff\xfe", "big.md": "x" * 102_401}
    answer = sent(browser_of(people.dave), zipped({**FILES, **bad}))
    draft = StoreDraft.objects.get()
    assert answer["Location"] == f"{URL}{draft.pk}/"
    return draft


def test_members_read_it_and_nobody_else(people: People, draft: StoreDraft) -> None:
    for url in (URL, f"{URL}{draft.pk}/"):
        assert_members_only(people, url)
        assert_only(people, url, "get", "post")
    assert browser_of(people.mallory).get(f"/acme-rival/stores/import/{draft.pk}/").status_code == 404


@pytest.mark.parametrize("who", ["bob", "carol"])
def test_others_may_not(people: People, draft: StoreDraft, who: str) -> None:
    client = browser_of(getattr(people, who))
    assert sent(client, zipped(FILES)).status_code == 403
    assert client.post(f"{URL}{draft.pk}/", {"name": "x"}).status_code == 403
    assert "you need the role operator" in words(client.get(URL))
    assert "you need the role operator" in words(client.get(f"{URL}{draft.pk}/"))


def test_nothing_is_written_before_somebody_looked_it_over(
    people: People, sandbox: Sandbox, draft: StoreDraft
) -> None:
    page = words(browser_of(people.dave).get(f"{URL}{draft.pk}/"))
    for path in FILES:
        assert f"/{path}</span>" in page
    assert "3 refused" in page
    assert "Its name leads out of the archive" in page
    assert "It is no text in UTF-8." in page
    assert "It has 102,401 bytes; 102,400 are allowed." in page
    assert "Paths that differ only in upper and lower case: 1, first /deep/er/b.md" in page
    assert sandbox.state.all("store") == []
    assert not Text.objects.exists()


def test_confirmed_it_is_made_and_filled_once(people: People, sandbox: Sandbox, draft: StoreDraft) -> None:
    client = browser_of(people.dave)
    for _ in range(2):
        assert client.post(f"{URL}{draft.pk}/", {"name": "from files"}).status_code == 302
    draft.refresh_from_db()
    run = restoring.fill_store(draft)
    assert restoring.fill_store(draft) == run
    assert run is not None
    assert carried_out(run).state == "done"
    assert at_vendor(sandbox, run.target) == {f"/{path}": text for path, text in FILES.items()}
    assert len(sandbox.state.all("store")) == 1
    page = words(client.get(f"/acme/runs/{run.pk}/"))
    assert "Filling from files" in page
    assert "what was sent in" in page


def test_what_was_downloaded_comes_back_exactly(people: People, sandbox: Sandbox, snapshot: Snapshot) -> None:
    client = browser_of(people.dave)
    data = b"".join(client.get(f"/acme/snapshots/{snapshot.pk}/download/").streaming_content)
    page = words(client.get(sent(client, data)["Location"]))
    assert "It holds a manifest written here" in page
    assert 'value="support"' in page
    draft = restoring.confirm_draft(StoreDraft.objects.get(), name="copy", by=people.dave)
    assert draft.manifest == snapshot.manifest
    run = restoring.fill_store(draft)
    assert run is not None
    carried_out(run)
    assert at_vendor(sandbox, run.target) == NOTES


def test_a_folder_is_taken_with_its_paths(people: People, sandbox: Sandbox) -> None:
    connect(people)
    names = ["notes/a.md", "notes/deep/a.md"]
    files = [SimpleUploadedFile("a.md", name.encode()) for name in names]
    answer = browser_of(people.dave).post(URL, {"files": files, "paths": json.dumps(names)})
    draft = StoreDraft.objects.get()
    assert answer["Location"] == f"{URL}{draft.pk}/"
    assert draft.name == "notes"
    assert [path for path, _ in draft.report["files"]] == ["/a.md", "/deep/a.md"]


@pytest.mark.parametrize("paths", ["", "{", "[]", "7", '["only/one.md"]'])
def test_a_folder_without_its_paths_is_refused(people: People, paths: str) -> None:
    files = [SimpleUploadedFile("a.md", b"a"), SimpleUploadedFile("b.md", b"b")]
    answer = browser_of(people.dave).post(URL, {"files": files, "paths": paths})
    assert answer.status_code == 422
    assert "Pack the folder as a .zip instead" in words(answer)


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all", zipped({}), zipped({"d/": ""})])
def test_what_holds_nothing_is_refused_in_words(people: People, data: bytes) -> None:
    answer = sent(browser_of(people.dave), data)
    assert answer.status_code == 422
    assert 'class="errors"' in words(answer)
    assert not StoreDraft.objects.exists()


def test_nothing_chosen_is_said(people: People) -> None:
    answer = browser_of(people.dave).post(URL, {})
    assert (answer.status_code, "Choose a .zip or a folder." in words(answer)) == (422, True)


def test_too_much_at_once_is_refused_before_it_is_kept(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 1_000)
    monkeypatch.setattr("dreams.forms.snapshots.MAX_UPLOAD_BYTES", 1_000)
    answer = sent(browser_of(people.dave), zipped({"a.md": "x" * 5_000}))
    assert answer.status_code == 422
    assert "larger than the" in words(answer)
    assert not StoreDraft.objects.exists()


def test_a_hostile_name_stays_text(people: People) -> None:
    client = browser_of(people.dave)
    location = sent(client, zipped({"<script>alert(1)</script>.md": "x", "<b>\u202e.md": "y"}))["Location"]
    page = words(client.get(location))
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page


def test_when_no_answer_came_and_nothing_is_there_a_person_asks_again(
    people: People, sandbox: Sandbox, draft: StoreDraft
) -> None:
    client = browser_of(people.dave)
    client.post(f"{URL}{draft.pk}/", {"name": "lost"})
    draft.refresh_from_db()
    sandbox.faults([{"method": "POST", "path": "/v1/memory_stores", "kind": "reset"}])
    with pytest.raises(Exception, match="could not be told"):
        restoring.fill_store(draft)
    page = words(client.get(f"{URL}{draft.pk}/"))
    assert "Look at the list of stores before asking again." in page
    assert "Ask again" in page
    client.post(f"{URL}{draft.pk}/", {"name": "lost"})
    draft.refresh_from_db()
    run = restoring.fill_store(draft)
    assert run is not None
    assert len(sandbox.state.all("store")) == 1
    assert ApplyRun.objects.count() == 1
