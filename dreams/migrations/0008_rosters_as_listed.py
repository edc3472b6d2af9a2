"""The names of a roster went: they are read from what the vendor listed, `multiagent`, in either of its shapes."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("dreams", "0007_search")]

    operations = [migrations.RemoveField(model_name="agent", name="roster")]
