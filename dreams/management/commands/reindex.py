"""Makes the index of search anew from what is mirrored; search stays usable and says which stores are not done."""

from typing import Any

from django.core.management.base import BaseCommand

from dreams.models import Store
from dreams.services.search_index import empty, index_store


class Command(BaseCommand):
    help = "Make the index of search anew, store by store, from the memories, versions and snapshots kept here."

    def handle(self, *args: Any, **options: Any) -> None:
        for store in Store.objects.select_related("workspace").order_by("workspace", "pk").iterator():
            empty(store)
            self.stdout.write(f"{store.workspace}: {store}: {index_store(store):,} texts")
