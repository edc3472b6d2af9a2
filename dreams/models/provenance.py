"""Where what a dream wrote comes from: the turns of the sessions it read, nearest to each sentence in question."""

from django.db import models
from django.db.models import Q

from dreams.models.review import Change, Review
from dreams.models.session import Session


class Provenance(models.Model):
    """The search of a review's sessions: read in a task, one session after the other, and resumed after a kill."""

    review = models.OneToOneField(Review, models.CASCADE, related_name="provenance")
    sessions = models.PositiveIntegerField(default=0)
    # How many of them were read, and how many could not be.
    read = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(null=True)
    claim = models.CharField(max_length=40, blank=True)
    claimed_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True, db_index=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(claim="", claimed_at__isnull=True) | (~Q(claim="") & Q(claimed_at__isnull=False)),
                name="provenance_claim_with_time",
            )
        ]

    def __str__(self) -> str:
        return f"where {self.review} comes from"


class Source(models.Model):
    """One turn of a session that says, or denies, what a sentence in question says."""

    class Says(models.TextChoices):
        SUPPORTS = "supports", "supports it"
        CONTRADICTS = "contradicts", "contradicts it"

    change = models.ForeignKey(Change, models.CASCADE, related_name="sources")
    # Which sentence: the finding's name in Change.findings, where it stands, and the digest of its text.
    finding = models.CharField(max_length=12)
    path = models.CharField(max_length=1024)
    line = models.PositiveIntegerField()
    sentence = models.CharField(max_length=64)
    session = models.ForeignKey(Session, models.CASCADE, related_name="+")
    event_id = models.CharField(max_length=100)
    who = models.CharField(max_length=20)
    says = models.CharField(max_length=12, choices=Says.choices)
    # How near the turn is to the sentence, 0 to 1.
    score = models.FloatField()
    excerpt = models.CharField(max_length=400)

    class Meta:
        ordering = ["-score", "pk"]
        indexes = [models.Index(fields=["change", "finding"], name="source_of_change")]

    def __str__(self) -> str:
        return f"{self.says} by {self.event_id}"
