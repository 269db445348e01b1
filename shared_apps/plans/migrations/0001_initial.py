import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('code', models.TextField(primary_key=True, serialize=False)),
                ('name', models.TextField()),
                ('position', models.IntegerField()),
                ('monthly_paise', models.BigIntegerField()),
                ('yearly_paise', models.BigIntegerField()),
                ('trial_days', models.IntegerField(default=0)),
                ('limits', models.JSONField(default=dict)),
                ('features', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('public', models.BooleanField(default=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('code__regex', '^[a-z][a-z0-9_]{1,31}$')), name='plans_plan_code'), models.CheckConstraint(condition=models.Q(('monthly_paise__gte', 0), ('trial_days__gte', 0), ('trial_days__lte', 365), ('yearly_paise__gte', 0)), name='plans_plan_amounts')],
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('schema', models.TextField(primary_key=True, serialize=False)),
                ('period', models.TextField(choices=[('month', 'Month'), ('year', 'Year')], default='month')),
                ('state', models.TextField(choices=[('trial', 'Trial'), ('active', 'Active')])),
                ('since', models.DateTimeField()),
                ('trial_ends_at', models.DateTimeField(null=True)),
                ('plan', models.ForeignKey(db_column='plan', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plans.plan')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('period__in', ['month', 'year'])), name='plans_subscription_period'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'trial'), ('trial_ends_at__isnull', False)), ('state', 'active'), _connector='OR'), name='plans_subscription_trial')],
            },
        ),
    ]
