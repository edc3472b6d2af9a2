"""A store as a .zip: safe names, the true paths in the manifest, the same bytes for the same content."""

import io
import json
import zipfile
from hashlib import sha256

from django.utils import timezone

from dreams.models import Snapshot, Text
from dreams.services import stores
from dreams.services.snapshots import take_snapshot
from tests.factories import NOTES, store_with
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.pages import assert_members_only, assert_only
from tests.views.snapshotting import moved, snapshot

__all__ = ["moved", "snapshot"]


def zip_of(people: People, url: str) -> bytes:
    answer = browser_of(people.carol).get(url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    return b"".join(answer.streaming_content)


def opened(data: bytes) -> tuple[zipfile.ZipFile, dict]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return archive, json.loads(archive.read("manifest.json"))


def test_members_download_and_nobody_else(people: People, snapshot: Snapshot) -> None:
    for url in (f"/acme/snapshots/{snapshot.pk}/download/", f"/acme/stores/{snapshot.store.remote_id}/download/"):
        assert_members_only(people, url)
        assert_only(people, url, "get")


def test_a_snapshot_is_its_files_and_a_manifest(people: People, moved: Snapshot) -> None:
    archive, manifest = opened(zip_of(people, f"/acme/snapshots/{moved.pk}/download/"))
    assert {f"/{name}" for name in archive.namelist()} == {*NOTES, "/manifest.json"}
    assert manifest["store_id"] == moved.store.remote_id
    assert manifest["version_id"] == moved.version_id
    for each in manifest["files"]:
        body = archive.read(each["name"])
        assert body.decode() == NOTES[each["path"]]
        assert (sha256(body).hexdigest(), len(body)) == (each["sha256"], each["size"])


def test_equal_content_gives_equal_bytes(people: People, sandbox: Sandbox, snapshot: Snapshot) -> None:
    url = f"/acme/stores/{snapshot.store.remote_id}/download/"
    first = zip_of(people, url)
    stores.sync_store(snapshot.store)
    assert zip_of(people, url) == first
    again = f"/acme/snapshots/{snapshot.pk}/download/"
    assert zip_of(people, again) == zip_of(people, again)


def test_paths_that_no_file_system_would_take_get_safe_names(people: People, sandbox: Sandbox) -> None:
    notes = {"/a/CON": "1", "/a/con.md": "2", "/A/x.": "3", "/a:b": "4", "/manifest.json": "5", "/a b\\c": "6"}
    taken = take_snapshot(store_with(people, sandbox, notes), Snapshot.Why.BY_HAND)
    archive, manifest = opened(zip_of(people, f"/acme/snapshots/{taken.pk}/download/"))
    names = [name.casefold() for name in archive.namelist()]
    assert len(set(names)) == len(names) == 7
    assert {each["path"]: archive.read(each["name"]).decode() for each in manifest["files"]} == notes
    for name in archive.namelist():
        assert not set(name) & set('<>:"|?*\\')
        assert all(part.rstrip(". ") == part for part in name.split("/"))


def test_a_purged_text_is_listed_as_such(people: People, snapshot: Snapshot) -> None:
    Text.objects.filter(sha256=sha256(NOTES["/scratch/today.md"].encode()).hexdigest()).update(
        body=None, purged_at=timezone.now(), purged_by="Alice"
    )
    archive, manifest = opened(zip_of(people, f"/acme/snapshots/{snapshot.pk}/download/"))
    assert "scratch/today.md" not in archive.namelist()
    assert [each["path"] for each in manifest["files"] if each.get("purged")] == ["/scratch/today.md"]


def test_an_empty_store_is_a_manifest_alone(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, {})
    archive, manifest = opened(zip_of(people, f"/acme/stores/{store.remote_id}/download/"))
    assert archive.namelist() == ["manifest.json"]
    assert manifest["files"] == []


def test_a_foreign_name_cannot_break_the_header(people: People, sandbox: Sandbox) -> None:
    store = store_with(people, sandbox, name='a";\\ évil')
    answer = browser_of(people.carol).get(f"/acme/stores/{store.remote_id}/download/")
    assert answer["Content-Disposition"] == 'attachment; filename="a-evil.zip"'
