"""The index of search: its rows, FTS5 or a tsvector over their words, and every store marked to be indexed."""

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone

# The words are cut and folded before they come here (rules/search_words.py): all that is left to do is to split them
# at blanks. `ascii` takes every sign above 127 as part of a word; short prefixes would else be gathered from thousands of
# words. PostgreSQL keeps no places of words, of which it has too few for long texts (queries/search.py).
SQLITE = [
    """CREATE VIRTUAL TABLE dreams_search USING fts5(words, content='dreams_searchentry', content_rowid='id',
       tokenize='ascii', columnsize=0, prefix='2 3 4')""",
    """CREATE TRIGGER dreams_search_insert AFTER INSERT ON dreams_searchentry BEGIN
       INSERT INTO dreams_search(rowid, words) VALUES (new.id, new.words); END""",
    """CREATE TRIGGER dreams_search_delete AFTER DELETE ON dreams_searchentry BEGIN
       INSERT INTO dreams_search(dreams_search, rowid, words) VALUES ('delete', old.id, old.words); END""",
    """CREATE TRIGGER dreams_search_update AFTER UPDATE OF words ON dreams_searchentry BEGIN
       INSERT INTO dreams_search(dreams_search, rowid, words) VALUES ('delete', old.id, old.words);
       INSERT INTO dreams_search(rowid, words) VALUES (new.id, new.words); END""",
]
POSTGRESQL = [
    """ALTER TABLE dreams_searchentry ADD COLUMN tokens tsvector
       GENERATED ALWAYS AS (array_to_tsvector(string_to_array(btrim(words, ' '), ' '))) STORED""",
    "CREATE INDEX dreams_search ON dreams_searchentry USING gin (tokens)",
]


def look_up_words(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def drop_the_look_up(apps, schema_editor):
    """The triggers and the column go with their table."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE dreams_search")


def mark_every_store(apps, schema_editor):
    """Their texts are indexed by the sweep, a few hundred at a time."""
    stores = apps.get_model("dreams", "Store").objects.values_list("pk", flat=True)
    due, now = apps.get_model("dreams", "SearchDue"), timezone.now()
    due.objects.bulk_create([due(store_id=pk, since=now) for pk in stores], batch_size=200)


class Migration(migrations.Migration):

    dependencies = [("dreams", "0006_comparisons_of_moments")]

    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("path", models.CharField(max_length=1024)),
                ("memory_id", models.CharField(blank=True, max_length=100)),
                ("version_id", models.CharField(blank=True, max_length=100)),
                ("actor_id", models.CharField(blank=True, max_length=100)),
                ("at", models.DateTimeField()),
                ("live", models.BooleanField()),
                ("words", models.TextField()),
                ("snapshot", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="dreams.snapshot")),
                ("store", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="search_entries", to="dreams.store")),
                ("text", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="search_entries", to="dreams.text")),
                ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="dreams.workspace")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["store", "memory_id"], name="search_of_memory"),
                    models.Index(condition=models.Q(("live", True)), fields=["store"], name="search_of_living"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchDue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
                ("store", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="search_due", to="dreams.store")),
            ],
        ),
        migrations.RunPython(look_up_words, drop_the_look_up),
        migrations.RunPython(mark_every_store, migrations.RunPython.noop),
    ]
