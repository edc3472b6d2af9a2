"""The web application for a WSGI server, and for Django's own test server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "memorydash.settings")
application = get_wsgi_application()
