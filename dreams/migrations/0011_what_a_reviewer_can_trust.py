"""Room for what a reviewer can trust: drift, origins, what was drawn, who asks for another look, and the policies."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dreams', '0010_restores_go_first'),
    ]

    operations = [
        migrations.CreateModel(
            name='Drawn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64)),
                ('html', models.TextField()),
                ('made_at', models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='Drift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=1024)),
                ('standing', models.CharField(choices=[('drift_only', 'Only the base moved'), ('both_same', 'Both did the same'), ('mergeable', 'No overlapping edits found'), ('conflicting', 'Conflict')], max_length=20)),
                ('base_sha256', models.CharField(blank=True, max_length=64)),
                ('now_sha256', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'ordering': ['path'],
            },
        ),
        migrations.CreateModel(
            name='Provenance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sessions', models.PositiveIntegerField(default=0)),
                ('read', models.PositiveIntegerField(default=0)),
                ('unreadable', models.PositiveIntegerField(default=0)),
                ('made_at', models.DateTimeField(null=True)),
                ('claim', models.CharField(blank=True, max_length=40)),
                ('claimed_at', models.DateTimeField(null=True)),
                ('next_check_at', models.DateTimeField(db_index=True, null=True)),
                ('problem', models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('finding', models.CharField(max_length=12)),
                ('path', models.CharField(max_length=1024)),
                ('line', models.PositiveIntegerField()),
                ('sentence', models.CharField(max_length=64)),
                ('event_id', models.CharField(max_length=100)),
                ('who', models.CharField(max_length=20)),
                ('says', models.CharField(choices=[('supports', 'supports it'), ('contradicts', 'contradicts it')], max_length=12)),
                ('score', models.FloatField()),
                ('excerpt', models.CharField(max_length=400)),
            ],
            options={
                'ordering': ['-score', 'pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='change',
            name='change_decided_by_somebody',
        ),
        # On the way back the older tables know no change that needs another look.
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "UPDATE dreams_change SET state = 'undecided' WHERE state = 'another_look'",
        ),
        migrations.AddField(
            model_name='change',
            name='edges',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='change',
            name='rewrapped',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='difference',
            name='edges',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='difference',
            name='rewrapped',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='dream',
            name='evidence',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='review',
            name='drift_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='review',
            name='drift_version',
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name='review',
            name='statements',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='review',
            name='statements_lost',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='workspace',
            name='loss_alarm',
            field=models.PositiveSmallIntegerField(default=25),
        ),
        migrations.AddField(
            model_name='workspace',
            name='scan_policy',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AlterField(
            model_name='change',
            name='state',
            field=models.CharField(choices=[('unchanged', 'Unchanged'), ('undecided', 'Undecided'), ('another_look', 'Needs another look'), ('accepted', 'Accepted'), ('kept', 'Kept original'), ('edited', 'Edited')], default='undecided', max_length=20),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('state__in', ['unchanged', 'undecided', 'another_look'])), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('state__in', ('accepted', 'kept', 'edited'))), _connector='OR'), name='change_decided_by_somebody'),
        ),
        migrations.AddField(
            model_name='drawn',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='dreams.workspace'),
        ),
        migrations.AddField(
            model_name='drift',
            name='change',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='drifts', to='dreams.change'),
        ),
        migrations.AddField(
            model_name='drift',
            name='review',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drifts', to='dreams.review'),
        ),
        migrations.AddField(
            model_name='provenance',
            name='review',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='provenance', to='dreams.review'),
        ),
        migrations.AddField(
            model_name='source',
            name='change',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sources', to='dreams.change'),
        ),
        migrations.AddField(
            model_name='source',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='dreams.session'),
        ),
        migrations.AddConstraint(
            model_name='drawn',
            constraint=models.UniqueConstraint(fields=('workspace', 'key'), name='drawn_once'),
        ),
        migrations.AddConstraint(
            model_name='drift',
            constraint=models.UniqueConstraint(fields=('review', 'path'), name='drift_path_once'),
        ),
        migrations.AddConstraint(
            model_name='provenance',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('claim', ''), ('claimed_at__isnull', True)), models.Q(models.Q(('claim', ''), _negated=True), ('claimed_at__isnull', False)), _connector='OR'), name='provenance_claim_with_time'),
        ),
        migrations.AddIndex(
            model_name='source',
            index=models.Index(fields=['change', 'finding'], name='source_of_change'),
        ),
    ]
