"""The settings of the tests: fast hashing, plain static files, no redirect to HTTPS, everything on loopback."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="memorydash-tests-"))
os.environ["SECRET_KEY"] = "only-for-tests"
os.environ["ALLOWED_HOSTS"] = "localhost,127.0.0.1,testserver"

from memorydash.settings import *  # noqa: F403
from memorydash.settings import STATIC_ROOT, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ANTHROPIC_BASE_URL = (
    "http://127.0.0.1:9"  # nothing listens there: a test that needs the stand-in sets its own
)
CELERY_TASK_ALWAYS_EAGER = True  # what is enqueued runs at commit, in the test's own process
VENDOR_READS_PER_MINUTE = 1_000_000
Path(STATIC_ROOT).mkdir(exist_ok=True)  # WhiteNoise warns about a missing one, and warnings are errors
