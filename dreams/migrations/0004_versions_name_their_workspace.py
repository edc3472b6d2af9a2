"""Demands what 0003 filled."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("dreams", "0003_fill_the_new_columns")]

    operations = [
        migrations.AlterField(
            model_name='memoryversion',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='dreams.workspace'),
        ),
    ]
