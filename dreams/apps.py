"""The one Django app of the product."""

from django.apps import AppConfig


class DreamsConfig(AppConfig):
    name = "dreams"
    verbose_name = "Memorydash"

    def ready(self) -> None:
        # `enqueue` looks tasks up by name in the web process too, so they are registered wherever Django runs.
        import dreams.tasks  # noqa: F401
        import memorydash.celery  # noqa: F401
