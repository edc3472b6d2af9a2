"""On the way back: drops restores and imports, which the older tables have no place for, before 0003 comes to it.

There the delete fails as soon as one exists: the models that 0003 is given on the way back are not each other's."""

from django.db import migrations

OURS = "SELECT id FROM dreams_applyrun WHERE review_id IS NULL"
DROP = [
    f"DELETE FROM dreams_applystep WHERE run_id IN ({OURS})",
    f"UPDATE dreams_storedraft SET run_id = NULL WHERE run_id IN ({OURS})",
    "DELETE FROM dreams_applyrun WHERE review_id IS NULL",
]


class Migration(migrations.Migration):

    dependencies = [("dreams", "0009_phrases_on_postgresql")]

    operations = [migrations.RunSQL(migrations.RunSQL.noop, DROP)]
