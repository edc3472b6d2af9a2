"""A store as a .zip: names that unpack anywhere, paths that come back exactly, strangers' archives held in bounds."""

import io
import struct
import zipfile
import zlib
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreams.rules import archives
from dreams.rules.archives import Part, Reading, Unreadable, read_files, read_zip, safe_names, write
from dreams.rules.paths import MAX_CONTENT_BYTES, check_path, check_paths

TWINS = ["/a/b.md", "/A/b.md", "/a/B.md", "/CON", "/con", "/x/nul.txt", "/x/COM1", "/x/aux.tar.gz"]
ODD = [*TWINS, "/manifest.json", "/Manifest.JSON", "/a?", "/a*", "/a_", "/dot.", "/dot_", "/sp ", "/b\\c", "/d:e"]


def packed(paths: dict[str, bytes], **about: object) -> bytes:
    parts = [Part(path, sha256(body).hexdigest(), body) for path, body in sorted(paths.items())]
    return b"".join(write(parts, [part.path for part in parts], about))


def read(data: bytes) -> Reading:
    return read_zip(io.BytesIO(data))


def foreign(*entries: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries:
            archive.writestr(name, body)
    return kept.getvalue()


def reasons(data: bytes) -> dict[str, str]:
    return {refused.name: refused.why for refused in read(data).refused}


# -- writing ----------------------------------------------------------------------------------------------


def test_safe_names_are_unique_without_regard_to_case_and_legal_on_windows() -> None:
    names = safe_names(ODD)
    assert set(names) == set(ODD)
    assert len({name.casefold() for name in names.values()}) == len(ODD)
    for name in names.values():
        for part in name.split("/"):
            assert part.rstrip(". ") == part != ""
            assert not set(part) & set('<>:"|?*\\')
            assert part.split(".")[0].casefold() not in {"con", "nul", "com1", "aux"}


def test_what_needs_no_change_keeps_its_name() -> None:
    assert safe_names(["/a_", "/a?"]) == {"/a_": "a_", "/a?": "a_ (2)"}
    assert safe_names(["/deep/er/x.md", "/y.md"]) == {"/deep/er/x.md": "deep/er/x.md", "/y.md": "y.md"}


def test_a_folder_and_a_file_that_differ_in_case_do_not_meet() -> None:
    names = safe_names(["/A/x", "/a"])
    folder, file = names["/A/x"].split("/")[0], names["/a"]
    assert folder.casefold() != file.casefold()


legal = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=12)
odd = st.sampled_from(["CON", "con.", "a?", "a*", "A", "a", "é", "日本", "x.md", "manifest.json", " ", "..."])
segments = st.one_of(legal, odd)
paths = st.lists(segments, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


@given(st.dictionaries(paths.filter(lambda path: check_path(path) is None), st.binary(max_size=40), max_size=12))
def test_whatever_a_store_holds_comes_back_byte_for_byte(files: dict[str, bytes]) -> None:
    texts = {path: body.decode("latin-1").encode() for path, body in files.items()}
    if check_paths(texts):
        return
    found = read(packed(texts, name="a store", description="what for"))
    assert found.files == texts
    assert found.refused == []
    assert (found.name, found.description) == ("a store", "what for")
    names = [name.casefold() for name in zipfile.ZipFile(io.BytesIO(packed(texts))).namelist()]
    assert len(set(names)) == len(names)


def test_the_same_memories_give_the_same_bytes_piece_by_piece() -> None:
    files = {f"/n/{number}.md": b"x" * number for number in range(50)}
    assert packed(files) == packed(dict(reversed(files.items())))
    parts = [Part(path, "", body) for path, body in files.items()]
    assert len(list(write(parts, list(files), {}))) == 51


def test_somebody_who_packs_it_again_with_its_folder_gets_the_same() -> None:
    data = packed({"/CON": b"1", "/a": b"2"})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        again = foreign(*((f"support/{name}", archive.read(name)) for name in archive.namelist()))
    assert read(again).files == {"/CON": b"1", "/a": b"2"}


def test_a_folder_that_was_unpacked_comes_back_too() -> None:
    with zipfile.ZipFile(io.BytesIO(packed({"/CON": b"1", "/d/a": b"2"}))) as archive:
        found = read_files((name, archive.read(name)) for name in archive.namelist())
    assert found.files == {"/CON": b"1", "/d/a": b"2"}


def test_a_text_that_was_changed_since_is_taken_and_said() -> None:
    data = packed({"/a": b"before"})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        again = foreign(("a", b"after"), ("manifest.json", archive.read("manifest.json")))
    found = read(again)
    assert found.files == {"/a": b"after"}
    assert any("changed since it was downloaded" in note for note in found.notes)


def test_a_text_that_is_missing_or_was_purged_is_named() -> None:
    data = b"".join(write([Part("/a", "s", b"a"), Part("/gone", "s", None)], ["/a", "/gone"], {}))
    assert reasons(data) == {"/gone": "Its text was purged before this was downloaded."}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        again = foreign(("b", b"b"), ("manifest.json", archive.read("manifest.json")))
    assert "a" in reasons(again)


# -- reading what strangers send --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../up.md", "leads out"),
        ("a/../../up.md", "leads out"),
        ("/etc/passwd", "absolute"),
        ("C:/x.md", "absolute"),
        ("..\\up.md", "backslash"),
        ("a//b.md", "empty part"),
        ("./a.md", "“.”"),
        ("a\u202eb.md", "U+202E"),
        ("x" * 1_100, "bytes"),
        ("/".join("abcdefghijklmnopqrstu"), "parts"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str, why: str) -> None:
    found = read(foreign((name, b"x"), ("good.md", b"good")))
    assert found.files == {"/good.md": b"good"}
    assert why in found.refused[0].why


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_both_refused() -> None:
    data = foreign(("a.md", b"1"), ("a.md", b"2"), ("b.md", b"3"))
    assert read(data).files == {"/b.md": b"3"}
    assert len(read(data).refused) == 2


def test_accents_written_in_two_ways_are_one_name() -> None:
    assert list(read(foreign(("e\u0301.md", b"1"))).files) == ["/\u00e9.md"]
    assert read(foreign(("e\u0301.md", b"1"), ("\u00e9.md", b"2"))).files == {}


def test_twins_in_upper_and_lower_case_are_kept_and_said() -> None:
    found = read(foreign(("a.md", b"1"), ("A.md", b"2")))
    assert found.files == {"/a.md": b"1", "/A.md": b"2"}
    assert "only in upper and lower case: 1, first /a.md" in found.notes[0]


def test_what_lies_below_a_memory_is_refused() -> None:
    data = foreign(("a", b"1"), ("a/b", b"2"), ("a/b/c", b"3"))
    assert read(data).files == {"/a": b"1"}
    assert len(reasons(data)) == 2


def test_links_devices_and_folders_are_no_memories() -> None:
    link, folder = zipfile.ZipInfo("link"), zipfile.ZipInfo("folder/")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    assert reasons(foreign((link, b"/etc/passwd"), (folder, b""), ("a", b"a"))) == {
        "link": "It is a link or a device, no file."
    }


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (foreign(("inner.md", b"x")), "an archive itself"),
        (b"x" * (MAX_CONTENT_BYTES + 1), "102,401 bytes"),
        ("\ud800".encode("utf-8", "surrogatepass"), "no text in UTF-8"),
    ],
)
def test_contents_that_no_memory_can_have_are_refused(body: bytes, why: str) -> None:
    assert why in reasons(foreign(("a.md", body), ("b", b"b")))["a.md"]


@pytest.mark.parametrize("body", [b"", b"\r\n", "\ufeffbom".encode(), b"a\0b", b"x" * MAX_CONTENT_BYTES])
def test_odd_texts_are_taken_as_they_are(body: bytes) -> None:
    assert read(foreign(("a.md", body))).files == {"/a.md": body}


def test_an_encrypted_entry_is_refused() -> None:
    data = bytearray(foreign(("secret.md", b"secret"), ("a", b"a")))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1
    assert reasons(bytes(data)) == {"secret.md": "It is encrypted."}


def test_more_than_two_thousand_are_refused_one_by_one() -> None:
    found = read(foreign(*((f"{number}.md", b"x") for number in range(2_003))))
    assert (len(found.files), len(found.refused)) == (2_000, 3)


def test_a_bomb_is_refused_by_what_it_claims_without_being_unpacked() -> None:
    big = io.BytesIO()
    with zipfile.ZipFile(big, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.md", b"0" * 30_000_000)
    assert "30,000,000 bytes" in reasons(big.getvalue())["bomb.md"]
    data = bytearray(big.getvalue())
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 0xFFFFFFF0)
    with pytest.raises(Unreadable, match="cannot be meant well"):
        read(bytes(data))


@pytest.mark.parametrize("declared", [1, 50, 5_000])
def test_an_entry_that_is_not_as_large_as_it_declares_is_refused(declared: int) -> None:
    data = bytearray(foreign(("liar.md", b"y" * 100), ("a", b"a")))
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", data, data.index(magic) + at, declared)
    assert list(reasons(bytes(data))) == ["liar.md"]


def test_a_name_that_is_not_utf8_is_refused_and_one_that_is_without_saying_so_is_read() -> None:
    for raw, whole in ((b"\xe9\xff.md", False), ("é.md".encode(), True)):
        data = foreign(("x" * len(raw), b"x"), ("a", b"a")).replace(b"x" * len(raw), raw, 2)
        if whole:
            assert "/é.md" in read(data).files
        else:
            assert "Its name is not in UTF-8." in reasons(data).values()


def test_a_name_that_says_utf8_and_is_not_makes_the_whole_unreadable() -> None:
    data = foreign(("é.md", b"x")).replace("é.md".encode(), b"\xff\xff.md")
    with pytest.raises(Unreadable):
        read(data)


def test_too_many_entries_are_refused_before_a_list_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 5)
    with pytest.raises(Unreadable, match="more than 5 entries"):
        read(foreign(*((f"{number}", b"") for number in range(6))))
    liar = bytearray(foreign(*((f"{number}", b"") for number in range(6))))
    struct.pack_into("<HH", liar, liar.rindex(b"PK\x05\x06") + 8, 1, 1)
    with pytest.raises(Unreadable, match="6 entries"):
        read(bytes(liar))
    monkeypatch.setattr(archives, "MAX_LIST_BYTES", 10)
    with pytest.raises(Unreadable):
        read(foreign(("a", b"")))


def test_an_archive_of_the_large_kind_is_refused() -> None:
    data = foreign(("a", b"a"))
    at = data.rindex(b"PK\x05\x06")
    with pytest.raises(Unreadable, match="zip64"):
        read(data[:at] + b"PK\x06\x07" + b"\0" * 16 + data[at:])


@given(st.binary(max_size=300))
def test_noise_is_unreadable_and_never_worse(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read(data)


def test_an_entry_without_a_name_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="damaged"):
        read(foreign(("a", b"a")).replace(b"a", b"\0"))


SAMPLE = packed({"/a.md": b"alpha" * 50, "/b/c.md": b"beta"}, name="n")


@given(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255))
def test_one_wrong_byte_is_refused_or_harmless(at: int, byte: int) -> None:
    data = SAMPLE[:at] + bytes([byte]) + SAMPLE[at + 1 :]
    try:
        found = read(data)
    except Unreadable:
        return
    assert check_paths(found.files) == []
    assert all(len(body) <= MAX_CONTENT_BYTES for body in found.files.values())


@pytest.mark.parametrize(
    "told",
    [
        b"{}",
        b"[]",
        b'"x"',
        b"7",
        b"{",
        b'{"format": "memorydash-store", "version": 1, "files": 7}',
        b'{"format": "memorydash-store", "version": 1, "files": [7]}',
        b'{"format": "memorydash-store", "version": 2, "files": []}',
        b'{"format": "memorydash-store", "version": 1, "files": [{"name": "a", "path": "/x", "sha256": ""}, '
        b'{"name": "b", "path": "/x", "sha256": ""}]}',
        b"[" * 100_000,
    ],
)
def test_a_manifest_that_is_not_ours_is_a_file_like_others(told: bytes) -> None:
    found = read(foreign(("manifest.json", told), ("a", b"a"), ("b", b"b")))
    assert found.files["/a"] == b"a"
    assert set(found.files) <= {"/a", "/b", "/manifest.json"}


def test_a_manifest_cannot_lead_to_a_path_that_the_vendor_refuses() -> None:
    told = b'{"format": "memorydash-store", "version": 1, "files": [{"name": "a", "path": "/../x", "sha256": ""}]}'
    assert "“..”" in reasons(foreign(("manifest.json", told), ("a", b"a"), ("b", b"b")))["a"]


def test_crc_and_deflate_errors_are_refusals() -> None:
    data = bytearray(foreign(("a.md", b"alpha" * 100), ("b", b"b")))
    at = data.index(b"a.md") + 4
    data[at : at + 4] = b"\xff\xff\xff\xff"
    assert list(reasons(bytes(data))) == ["a.md"]
    assert zlib.crc32(b"") == 0
