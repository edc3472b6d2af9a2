"""The one Django app of the product."""

from django.apps import AppConfig


class DreamsConfig(AppConfig):
    name = "dreams"
    verbose_name = "Memorydash"
