from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Progress',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('kind', models.TextField()),
                ('state', models.TextField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='queued')),
                ('done', models.IntegerField(default=0)),
                ('total', models.IntegerField(null=True)),
                ('result', models.JSONField(null=True)),
                ('error', models.TextField(default='')),
                ('owner', models.UUIDField(null=True)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('done__gte', 0)), name='progress_not_negative'), models.CheckConstraint(condition=models.Q(('total__isnull', True), ('total__gte', models.F('done')), _connector='OR'), name='progress_within')],
            },
        ),
    ]
