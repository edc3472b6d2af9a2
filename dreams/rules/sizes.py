"""How sizes and ids of the vendor are said: in one way on every page."""

_UNITS = ("kB", "MB", "GB", "TB")
# An id, without what says its kind, is said as it is up to this length; a longer one by its end, where ids differ.
SHORT, END = 12, 8


def size_words(size: int) -> str:
    """A number of bytes in decimal units, as the vendor's limits are: "999 bytes", "4.1 kB", "−1.2 MB"."""
    sign, left = ("−" if size < 0 else ""), abs(size)
    if left < 1_000:
        return f"{sign}{left}\u00a0byte{'' if left == 1 else 's'}"
    value = float(left)
    for unit in _UNITS:
        value /= 1_000
        if round(value, 1) < 1_000 or unit == _UNITS[-1]:
            break
    return f"{sign}{value:,.1f}\u00a0{unit}"


def id_words(kind: str, id: str) -> str:
    """Something that has no name here: "API key ending in 3aQ8kZ1x", "Console user console7"."""
    own = id.rpartition("_")[2]
    return f"{kind} {own}".strip() if len(own) <= SHORT else f"{kind} ending in {own[-END:]}"
