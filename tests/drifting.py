"""A base that moves under a review, for the tests of its pages: the mirror as it would be after a sync."""

from collections.abc import Mapping

from django.utils import timezone

from dreams.models import Memory, Review, Store
from dreams.services import drift
from dreams.services.texts import digest_of, keep_texts


def base_becomes(review: Review, texts: Mapping[str, str], version: str = "memver_later") -> None:
    """The store that the dream read holds `texts` by now, and the review knows."""
    moves_unseen(review, texts, version)
    drift.note_all(Store.objects.get(pk=review.before.store_id))
    review.refresh_from_db()


def moves_unseen(review: Review, texts: Mapping[str, str], version: str = "memver_later") -> None:
    """The same before anybody has noted it."""
    store, now = review.before.store, timezone.now()
    kept = keep_texts(store.workspace, texts.values())
    Memory.objects.filter(store=store).delete()
    Memory.objects.bulk_create(
        Memory(
            store=store,
            remote_id=f"mem_{number}",
            path=path,
            text=kept[digest_of(text)],
            version_id=f"{version}_{number}",
            created_at=now,
            updated_at=now,
        )
        for number, (path, text) in enumerate(texts.items())
    )
    Store.objects.filter(pk=store.pk).update(last_version_id=version)
