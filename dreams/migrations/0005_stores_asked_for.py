"""Stores that were asked for and are not made yet, snapshots that wait for their store to be read."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FREE = models.Q(claim="", claimed_at__isnull=True)
CLAIMED = ~models.Q(claim="") & models.Q(claimed_at__isnull=False)


class Migration(migrations.Migration):

    dependencies = [("dreams", "0004_versions_name_their_workspace")]

    operations = [
        migrations.CreateModel(
            name="SnapshotWish",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("note", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                ("next_check_at", models.DateTimeField(null=True)),
                ("problem", models.CharField(blank=True, max_length=500)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("store", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="wish", to="dreams.store")),
            ],
        ),
        migrations.CreateModel(
            name="StoreDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=255)),
                ("description", models.CharField(blank=True, max_length=1024)),
                ("archive", models.BinaryField(null=True)),
                ("report", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("claim", models.CharField(blank=True, max_length=40)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("next_check_at", models.DateTimeField(db_index=True, null=True)),
                ("problem", models.CharField(blank=True, max_length=500)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("manifest", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="dreams.manifest")),
                ("run", models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="draft", to="dreams.applyrun")),
                ("snapshot", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="dreams.snapshot")),
                ("store", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="dreams.store")),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to="dreams.workspace")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "token"), name="draft_once_per_form"),
                    models.CheckConstraint(condition=FREE | CLAIMED, name="draft_claim_with_time"),
                ],
            },
        ),
    ]
