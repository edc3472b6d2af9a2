"""How Memorydash is wired: settings, urls, Celery, servers, the launcher."""
