"""The vendor's keys at rest: encrypted with keys that the environment holds, rotatable."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotDecrypt(Exception):
    """The stored secret was encrypted with a key that ENCRYPTION_KEYS no longer holds."""


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def encrypt(secret: str) -> bytes:
    """The secret, encrypted with the first of the keys."""
    return _box().encrypt(secret.encode())


def decrypt(ciphertext: bytes) -> str:
    """The secret again; CannotDecrypt when none of the keys fits."""
    try:
        return _box().decrypt(ciphertext).decode()
    except InvalidToken as error:
        raise CannotDecrypt("none of ENCRYPTION_KEYS opens the stored key") from error
