"""What people do through pages, by the id of the thing, for processes that are killed while doing it."""

from dreams.models import Change, Dream, Memory, Review, User
from dreams.rules import review_states
from dreams.services import applying, dreams, memories, putting_back, reviews


def somebody(name: str) -> User:
    """Alice, Bob or Dave."""
    return User.objects.get(name=name)


def accept_change(change_id: int) -> None:
    change = Change.objects.get(pk=change_id)
    reviews.decide_change(change, review_states.ACCEPTED, by=somebody("Bob"), seen_seq=change.seq)


def plan_and_confirm(review_id: int) -> None:
    run, _ = applying.plan_review(Review.objects.get(pk=review_id), by=somebody("Dave"))
    assert run is not None
    applying.confirm_run(run, digest=run.plan_digest, by=somebody("Dave"))


def edit_memory(memory_id: int) -> None:
    memory = Memory.objects.select_related("text").get(pk=memory_id)
    memories.edit_memory(memory, content="Edited.\n", seen_sha=memory.text.sha256, by=somebody("Alice"))


def cancel_dream(dream_id: int) -> None:
    dreams.cancel_dream(Dream.objects.get(pk=dream_id), by=somebody("Dave"))


def put_back(change_id: int) -> None:
    change = Change.objects.get(pk=change_id)
    putting_back.put_back(change, "lost-0", by=somebody("Bob"), seen_seq=change.seq)
