"""A store as a .zip: names that every system can unpack, the manifest with the true paths, and reading what strangers
send, within limits and never onto a disk."""

import json
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import RawIOBase
from typing import IO, Any

from dreams.rules.paths import MAX_CONTENT_BYTES, MAX_MEMORIES, ancestors, check_path

MANIFEST = "manifest.json"
FORMAT = "memorydash-store"
MAX_MANIFEST_BYTES = 8_000_000
# Of what is in an archive and of what it claims to unpack to: a full store with folders, and ten times over.
MAX_ENTRIES = 10_000
MAX_UNPACKED = 10 * MAX_MEMORIES * MAX_CONTENT_BYTES
# The archive's own list, read as a whole before anything can be refused.
MAX_LIST_BYTES = 4_000_000

_TOLD = f"{MAX_CONTENT_BYTES:,} are allowed."
_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
_MAX_NAME_BYTES = 200


class Unreadable(Exception):
    """The archive as a whole cannot be read; str() is a sentence."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One thing of the archive that cannot become a memory, by its name there, and why."""

    name: str
    why: str


@dataclass(slots=True)
class Reading:
    """What an archive holds: {path: bytes} that the vendor would take, what it would not, and what is worth knowing.
    `name` is the store's, "" when the archive does not tell."""

    files: dict[str, bytes] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    name: str = ""
    description: str = ""


# -- writing ----------------------------------------------------------------------------------------------


def safe_names(paths: Iterable[str]) -> dict[str, str]:
    """{path: name in the archive}: relative, without what Windows forbids, unique without regard to case, so that
    unpacking anywhere loses nothing. What needs no change keeps its name; the result depends on the paths alone."""
    names: dict[str, str] = {}
    # (true folder, its name, the true paths below it as parts)
    waiting: list[tuple[str, list[tuple[list[str], str]]]] = [
        ("", [(path.removeprefix("/").split("/"), path) for path in sorted(set(paths))])
    ]
    while waiting:
        folder, inside = waiting.pop()
        taken = {MANIFEST.casefold()} if not folder else set()
        own = {parts[0] for parts, _ in inside}
        given = {}
        for part in sorted(own, key=lambda part: (_clean(part) != part, part)):
            given[part] = _free(_clean(part), taken)
        below: dict[str, list[tuple[list[str], str]]] = {}
        for parts, path in inside:
            if len(parts) == 1:
                names[path] = f"{folder}{given[parts[0]]}"
            else:
                below.setdefault(f"{folder}{given[parts[0]]}/", []).append((parts[1:], path))
        waiting.extend(below.items())
    return names


def _clean(part: str) -> str:
    name = _FORBIDDEN.sub("_", part)
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    if name[-1:] in (".", " ") or not name:
        name = f"{name[:-1]}_"
    if len(name.encode(errors="replace")) > _MAX_NAME_BYTES:
        head = name.encode(errors="replace")[:_MAX_NAME_BYTES].decode(errors="ignore")
        name = f"{head}~{sha256(part.encode(errors='replace')).hexdigest()[:8]}"
    return name


def _free(name: str, taken: set[str]) -> str:
    """`name`, or the first of "name (2).md", "name (3).md" … that is not taken; it is taken then."""
    stem, dot, ending = name.rpartition(".") if "." in name[1:] else (name, "", "")
    wanted, number = name, 1
    while wanted.casefold() in taken:
        number += 1
        wanted = f"{stem} ({number}){dot}{ending}"
    taken.add(wanted.casefold())
    return wanted


@dataclass(frozen=True, slots=True)
class Part:
    """A memory on its way into an archive; `body` is None when its text was purged."""

    path: str
    sha256: str
    body: bytes | None


def write(parts: Iterable[Part], paths: Sequence[str], about: Mapping[str, Any]) -> Iterator[bytes]:
    """The bytes of an archive of these memories, piece by piece; `paths` are all that `parts` will name. The same
    memories and `about` (JSON) give the same bytes. The manifest comes last: it lists what was really written."""
    sink, names, files = _Sink(), safe_names(paths), []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for part in parts:
            entry = {"path": part.path, "sha256": part.sha256}
            if part.body is None:
                files.append({**entry, "purged": True})
                continue
            files.append({**entry, "name": names[part.path], "size": len(part.body)})
            archive.writestr(_head(names[part.path]), part.body)
            yield sink.take()
        manifest = {"format": FORMAT, "version": 1, **about, "files": files}
        archive.writestr(_head(MANIFEST), json.dumps(manifest, ensure_ascii=False, indent=1).encode())
    yield sink.take()


def _head(name: str) -> zipfile.ZipInfo:
    """The same for every writing: no clock, no owner, plain files."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


class _Sink(RawIOBase):
    """What was written since it was last taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data, self._pieces = b"".join(self._pieces), []
        return data


# -- reading ----------------------------------------------------------------------------------------------


def read_zip(file: IO[bytes]) -> Reading:
    """What an archive holds. Nothing is trusted: not the count, the sizes, the names, nor that it ends. Raises
    Unreadable when it is no archive, or one that cannot be meant well."""
    _check_end(file)
    try:
        with zipfile.ZipFile(file) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, struct.error, RuntimeError, OSError, EOFError, ValueError, IndexError) as error:
        raise Unreadable("This cannot be read as a .zip: it is damaged, or no .zip at all.") from error


def read_files(files: Iterable[tuple[str, bytes]]) -> Reading:
    """The same of loose files, (name, bytes), as a browser sends a folder; our manifest among them is honoured."""
    return _taken([(name, lambda most, data=data: (data, "")) for name, data in files])  # type: ignore[misc]


def _check_end(file: IO[bytes]) -> None:
    """Looks at the archive's end before anything builds a list of what it claims to hold."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise Unreadable("This is no .zip: its end is missing.")
    count, listed = struct.unpack("<HL", tail[at + 10 : at + 16])
    if at >= 20 and tail[at - 20 : at - 16] == b"PK\x06\x07":
        raise Unreadable("This is a .zip of the large kind (zip64); no store needs that.")
    if count > MAX_ENTRIES or listed > MAX_LIST_BYTES:
        raise Unreadable(f"This .zip holds more than {MAX_ENTRIES:,} entries; a store holds {MAX_MEMORIES:,}.")


def _read(archive: zipfile.ZipFile) -> Reading:
    entries = [info for info in archive.infolist() if not info.is_dir()]
    if len(entries) > MAX_ENTRIES:
        raise Unreadable(f"This .zip holds {len(entries):,} entries; a store holds {MAX_MEMORIES:,}.")
    if (unpacked := sum(info.file_size for info in entries)) > MAX_UNPACKED:
        raise Unreadable(f"Unpacked, this .zip would have {unpacked:,} bytes; that cannot be meant well.")
    return _taken([(_name(info), lambda most, info=info: _body(archive, info, most)) for info in entries])  # type: ignore[misc]


def _name(info: zipfile.ZipInfo) -> str:
    """The name as its writer meant it. Many tools write UTF-8 without saying so, which is read as another code page;
    what is no UTF-8 keeps a sign that cannot be in a path."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode()
    except UnicodeError:
        return info.orig_filename.encode("cp437", "replace").decode(errors="replace") + "\0"


def _body(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> tuple[bytes | None, str]:
    """(bytes, "") or (None, why not), reading never more than `most` bytes, whatever was declared."""
    mode = info.external_attr >> 16 if info.create_system == 3 else 0
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return None, "It is a link or a device, no file."
    if info.flag_bits & 0x1:
        return None, "It is encrypted."
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return None, "It is packed in a way that is not read here."
    if info.file_size > most:
        return None, f"It has {info.file_size:,} bytes; {_TOLD}"
    try:
        with archive.open(info) as opened:
            data = opened.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError):
        return None, "It is damaged: its bytes are not what the archive declares."
    if len(data) != info.file_size:
        return None, f"It declares {info.file_size:,} bytes and holds {len(data):,}."
    return data, ""


# Reads an entry's bytes, never more than so many: (bytes, "") or (None, why not).
Body = Callable[[int], tuple[bytes | None, str]]


def _taken(entries: Sequence[tuple[str, Body]]) -> Reading:
    """Each entry as a memory, or refused. With our manifest the paths are those that it tells."""
    # Accents in the one form that the vendor takes; file systems and tools change it.
    held = [(unicodedata.normalize("NFC", name), body) for name, body in entries]
    own, held = _with_manifest(held)
    paths = {name: own.paths.get(name, f"/{name}") for name, _ in held}
    often = Counter(name for name, _ in held)
    meant = Counter(paths.values())
    found = Reading(name=own.name, description=own.description)
    for name, body in held:
        path, data = paths[name], None
        why = _wrong_name(name, path, ours=name in own.paths)
        if not why and (often[name] > 1 or meant[path] > 1):
            why = "Two entries have this name: which is meant cannot be told."
        if not why and len(found.files) >= MAX_MEMORIES:
            why = f"A store holds at most {MAX_MEMORIES:,} memories."
        if not why:
            data, why = body(MAX_CONTENT_BYTES)
        if data is not None and not (why := _wrong_body(data, ours=name in own.paths)):
            found.files[path] = data
        else:
            found.refused.append(Refused(name.replace("\0", "\ufffd"), why))
    missing = [name for name in own.paths if name not in often]
    found.refused += [Refused(name, "The manifest names it, and it is not there.") for name in missing]
    found.refused += [Refused(path, "Its text was purged before this was downloaded.") for path in own.purged]
    _refuse_below(found)
    _note(found, own)
    return found


def _with_manifest(held: list[tuple[str, Body]]) -> tuple["_Manifest", list[tuple[str, Body]]]:
    """Our manifest and the other entries; when all of it lies in one folder, as somebody packed it again, without
    that folder. An empty manifest and all entries when there is none of ours."""
    tops = {name.partition("/")[0] for name, _ in held}
    for folder in ("", *(f"{top}/" for top in tops if len(tops) == 1)):
        bodies = [body for name, body in held if name == f"{folder}{MANIFEST}"]
        data = bodies[0](MAX_MANIFEST_BYTES)[0] if len(bodies) == 1 else None
        own = _manifest_of(data) if data is not None else None
        if own:
            rest = [(name.removeprefix(folder), body) for name, body in held]
            return own, [(name, body) for name, body in rest if name != MANIFEST]
    return _Manifest(), held


def _wrong_name(name: str, path: str, *, ours: bool) -> str:
    """A sentence, or "". The name of one that our manifest speaks for is only a place in the archive."""
    if name.endswith("\0"):
        return "Its name is not in UTF-8."
    if not ours:
        if name.startswith("/") or _DRIVE.match(name):
            return "Its name is absolute."
        if "\\" in name:
            return "Its name holds a backslash: what is folder and what is name cannot be told."
        if ".." in name.split("/"):
            return "Its name leads out of the archive (“..”)."
    return check_path(path) or ""


def _wrong_body(data: bytes, *, ours: bool) -> str:
    """A sentence, or "". A memory may begin like an archive: what our manifest names was one."""
    if len(data) > MAX_CONTENT_BYTES:
        return f"It has {len(data):,} bytes; {_TOLD}"
    if data.startswith(b"PK\x03\x04") and not ours:
        return "It is an archive itself; those are not opened."
    try:
        data.decode()
    except UnicodeDecodeError:
        return "It is no text in UTF-8."
    return ""


def _refuse_below(found: Reading) -> None:
    """A memory may not be the folder of another: what lies below one is refused."""
    below = {path: above for path in found.files for above in ancestors(path) if above in found.files}
    for path, above in sorted(below.items()):
        del found.files[path]
        found.refused.append(Refused(path.removeprefix("/"), f"{above} is a memory, so nothing can lie below it."))


def _note(found: Reading, own: "_Manifest") -> None:
    twins = [path for path, count in Counter(path.casefold() for path in found.files).items() if count > 1]
    if twins:
        found.notes.append(
            f"Paths that differ only in upper and lower case: {len(twins):,}, first {twins[0]}. The vendor "
            "keeps them apart, as agents do."
        )
    if own.paths:
        off = [path for path, sha in own.shas.items() if path in found.files and _sha(found.files[path]) != sha]
        found.notes.append("It holds a manifest written here: the paths are exactly those of the store it came from.")
        if off:
            found.notes.append(f"{len(off):,} of its texts were changed since it was downloaded, first {off[0]}.")


def _sha(data: bytes) -> str:
    return sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class _Manifest:
    """What our manifest tells: {name: path}, {path: sha256}, the paths without a text."""

    name: str = ""
    description: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)
    shas: Mapping[str, str] = field(default_factory=dict)
    purged: Sequence[str] = ()


def _manifest_of(data: bytes) -> _Manifest | None:
    """None when it is somebody else's file of that name, or says one thing twice."""
    try:
        told = json.loads(data)
        if told["format"] != FORMAT or told["version"] != 1:
            return None
        files = [each for each in told["files"] if not each.get("purged")]
        own = _Manifest(
            name=str(told.get("name", "")),
            description=str(told.get("description", "")),
            paths={unicodedata.normalize("NFC", str(each["name"])): str(each["path"]) for each in files},
            shas={str(each["path"]): str(each["sha256"]) for each in files},
            purged=[str(each["path"]) for each in told["files"] if each.get("purged")],
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return own if len(set(own.paths.values())) == len(own.paths) == len(files) else None
