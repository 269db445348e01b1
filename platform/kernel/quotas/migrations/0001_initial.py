from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Quota',
            fields=[
                ('name', models.TextField(primary_key=True, serialize=False)),
                ('limit', models.BigIntegerField()),
                ('used', models.BigIntegerField(default=0)),
                ('lifted_by', models.TextField(default='')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('used__gte', 0), ('used__lte', models.F('limit'))), name='quotas_quota_within')],
            },
        ),
    ]
