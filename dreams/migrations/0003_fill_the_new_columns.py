"""Fills what 0002 added, in a transaction of its own: PostgreSQL alters no table that has changed rows pending."""

from django.db import migrations, models


def name_workspaces(apps, schema_editor):
    """In one statement: the table may hold a hundred thousand rows."""
    versions = apps.get_model("dreams", "MemoryVersion")
    stores = apps.get_model("dreams", "Store").objects.filter(pk=models.OuterRef("store"))
    versions.objects.filter(workspace=None).update(workspace=models.Subquery(stores.values("workspace")[:1]))


def name_outcomes(apps, schema_editor):
    """The result of each session's last outcome, from the list that is kept."""
    sessions = apps.get_model("dreams", "Session")
    for session in sessions.objects.exclude(outcomes=[]).only("outcomes").iterator(chunk_size=500):
        last = (session.outcomes[-1] or {}).get("result") or ""
        sessions.objects.filter(pk=session.pk).update(outcome=last[:40])


def drop_restores(apps, schema_editor):
    """On the way back: restores and imports have no place in the older table; what they wrote stays at the vendor."""
    apps.get_model("dreams", "ApplyRun").objects.filter(review=None).delete()


class Migration(migrations.Migration):

    dependencies = [("dreams", "0002_living_with_memory")]

    operations = [
        migrations.RunPython(name_workspaces, migrations.RunPython.noop),
        migrations.RunPython(name_outcomes, migrations.RunPython.noop),
        migrations.RunPython(migrations.RunPython.noop, drop_restores),
    ]
