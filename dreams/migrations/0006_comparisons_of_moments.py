"""Keeps what was found between two moments, so that comparing is done once, in a task."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dreams', '0005_stores_asked_for'),
    ]

    operations = [
        migrations.CreateModel(
            name='Comparison',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.CharField(max_length=200)),
                ('after', models.CharField(max_length=200)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('to_read', models.PositiveIntegerField(default=0)),
                ('read', models.PositiveIntegerField(default=0)),
                ('asked_at', models.DateTimeField()),
                ('made_at', models.DateTimeField(null=True)),
                ('claim', models.CharField(blank=True, max_length=40)),
                ('claimed_at', models.DateTimeField(null=True)),
                ('next_check_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=500)),
                ('after_snapshot', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='dreams.snapshot')),
                ('before_snapshot', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='dreams.snapshot')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comparisons', to='dreams.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Difference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('key', models.CharField(max_length=64)),
                ('kind', models.CharField(max_length=20)),
                ('title', models.CharField(max_length=1024)),
                ('olds', models.JSONField(default=dict)),
                ('news', models.JSONField(default=dict)),
                ('findings', models.JSONField(default=dict)),
                ('lost_count', models.PositiveIntegerField(default=0)),
                ('altered_count', models.PositiveIntegerField(default=0)),
                ('flag_count', models.PositiveIntegerField(default=0)),
                ('lines_added', models.PositiveIntegerField(default=0)),
                ('lines_removed', models.PositiveIntegerField(default=0)),
                ('comparison', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='differences', to='dreams.comparison')),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.AddConstraint(
            model_name='comparison',
            constraint=models.UniqueConstraint(fields=('workspace', 'before', 'after'), name='comparison_once'),
        ),
        migrations.AddConstraint(
            model_name='comparison',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('claim', ''), ('claimed_at__isnull', True)), models.Q(models.Q(('claim', ''), _negated=True), ('claimed_at__isnull', False)), _connector='OR'), name='comparison_claim_with_time'),
        ),
        migrations.AddConstraint(
            model_name='comparison',
            constraint=models.CheckConstraint(condition=models.Q(('made_at__isnull', True), models.Q(('after_snapshot__isnull', False), ('before_snapshot__isnull', False)), _connector='OR'), name='comparison_made_of_snapshots'),
        ),
        migrations.AddConstraint(
            model_name='difference',
            constraint=models.UniqueConstraint(fields=('comparison', 'position'), name='difference_position_once'),
        ),
    ]
