"""How files come in: into memory, never onto a disk, and never more than so many bytes in one request."""

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

# A store of 2,000 memories may have 200 MB; packed, text is a third of that or less.
MAX_UPLOAD_BYTES = 64_000_000


class InMemory(FileUploadHandler):
    """Keeps files in memory, since a folder is thousands of them and each would be an open file on disk otherwise. Of
    a request that is too large nothing is kept; the form says so by its length."""

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        """Learns how large the request is."""
        self.refused = content_length > MAX_UPLOAD_BYTES

    def new_file(self, *args: Any, **given: Any) -> None:
        """Begins a file."""
        super().new_file(*args, **given)
        self.kept = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Takes the next piece; nothing is handed on."""
        if not self.refused:
            self.kept.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile | None:
        """The file, or None when the request is too large."""
        if self.refused:
            return None
        self.kept.seek(0)
        return InMemoryUploadedFile(
            self.kept,
            self.field_name,
            self.file_name or "unnamed",
            self.content_type or "",
            file_size,
            self.charset,
            self.content_type_extra,
        )
