"""The shape of what people give to keep a store or to bring one back."""

import json

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from dreams.forms.uploads import MAX_UPLOAD_BYTES
from dreams.rules.archives import Reading, Unreadable, read_files, read_zip

TOO_LARGE = (
    f"What you sent is larger than the {MAX_UPLOAD_BYTES // 1_000_000} MB that are taken at once. "
    "Pack it as a .zip, or send a part of it."
)


class NoteForm(forms.Form):
    """Why somebody takes a snapshot."""

    note = forms.CharField(max_length=200, required=False, label="Note")


class NewNameForm(forms.Form):
    """The name of a store that is to be made and filled."""

    name = forms.CharField(max_length=255, label="Name of the new store")
    token = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)


class ImportForm(forms.Form):
    """A .zip, or a folder as a browser sends it: its files, and their paths beside them."""

    archive = forms.FileField(
        required=False,
        label="A .zip",
        help_text="One that was downloaded here comes back exactly as it was. Of any other, each text becomes a "
        "memory at the path it has in the archive.",
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )
    name = forms.CharField(
        max_length=255,
        required=False,
        label="Name of the new store",
        help_text="Empty: that of the folder or archive.",
    )
    # JSON: the path of each file, since browsers send their bare names.
    paths = forms.CharField(required=False, widget=forms.HiddenInput)

    def read(self, request: HttpRequest) -> Reading | None:
        """What was sent, read within the limits; None when it is not valid, and the form says why."""
        folder = [file for file in request.FILES.getlist("files") if isinstance(file, UploadedFile)]
        sent = self.cleaned_data.get("archive") if self.is_valid() else None
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_UPLOAD_BYTES:
            self.errors.pop("archive", None)
            self.add_error("archive", TOO_LARGE)
        elif self.is_valid() and not sent and not folder:
            self.add_error("archive", "Choose a .zip or a folder.")
        if not self.is_valid():
            return None
        try:
            return self._read_zip(sent) if sent else self._read_folder(folder)
        except Unreadable as error:
            self.add_error("archive", str(error))
            return None

    def _read_zip(self, sent: UploadedFile) -> Reading:
        reading = read_zip(sent.file)
        reading.name = reading.name or str(sent.name).removesuffix(".zip")
        return reading

    def _read_folder(self, folder: list[UploadedFile]) -> Reading:
        """The folder's own name is what the store is called, not a part of the paths."""
        try:
            paths = [str(path) for path in json.loads(self.cleaned_data["paths"])]
        except (ValueError, TypeError):
            paths = []
        if len(paths) != len(folder):
            raise Unreadable("The paths of these files did not come with them. Pack the folder as a .zip instead.")
        top = paths[0].partition("/")[0]
        inside = all(path.startswith(f"{top}/") for path in paths)
        names = [path.removeprefix(f"{top}/") if inside else path for path in paths]
        reading = read_files((name, file.read()) for name, file in zip(names, folder, strict=True))
        reading.name = reading.name or (top if inside else "")
        return reading
