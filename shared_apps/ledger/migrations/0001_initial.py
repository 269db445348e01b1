import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('code', models.TextField(primary_key=True, serialize=False)),
                ('unit', models.TextField(choices=[('paise', 'Paise'), ('credits', 'Credits')])),
                ('posted', models.BigIntegerField(default=0)),
                ('held', models.BigIntegerField(default=0)),
                ('outside', models.BooleanField(default=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('held__gte', 0), models.Q(('outside', True), ('posted__gte', models.F('held')), _connector='OR')), name='ledger_account_never_negative'), models.CheckConstraint(condition=models.Q(('unit__in', ['paise', 'credits'])), name='ledger_account_unit'), models.CheckConstraint(condition=models.Q(('code__regex', '^[a-z]+(:[A-Za-z0-9_.-]+)*$')), name='ledger_account_code')],
            },
        ),
        migrations.CreateModel(
            name='Transfer',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('amount', models.BigIntegerField()),
                ('phase', models.TextField(choices=[('post', 'Post'), ('hold', 'Hold'), ('settle', 'Settle'), ('release', 'Release')])),
                ('kind', models.TextField()),
                ('key', models.TextField()),
                ('reference', models.TextField(default='')),
                ('pending', models.BigIntegerField(default=0)),
                ('at', models.DateTimeField()),
                ('credit', models.ForeignKey(db_column='credit', db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('debit', models.ForeignKey(db_column='debit', db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('hold', models.ForeignKey(db_column='hold', db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transfer')),
            ],
            options={
                'indexes': [models.Index(fields=['debit', '-id'], name='ledger_transfer_debit'), models.Index(fields=['credit', '-id'], name='ledger_transfer_credit'), models.Index(condition=models.Q(('hold__isnull', False)), fields=['hold'], name='ledger_transfer_hold'), models.Index(condition=models.Q(('pending__gt', 0)), fields=['at'], name='ledger_transfer_open')],
                'constraints': [models.UniqueConstraint(fields=('key',), name='ledger_transfer_once'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='ledger_transfer_amount'), models.CheckConstraint(condition=models.Q(('debit', models.F('credit')), _negated=True), name='ledger_transfer_two_accounts'), models.CheckConstraint(condition=models.Q(('pending', 0), models.Q(('pending__gt', 0), ('pending__lte', models.F('amount')), ('phase', 'hold')), _connector='OR'), name='ledger_transfer_pending'), models.CheckConstraint(condition=models.Q(models.Q(('hold', None), ('phase__in', ['post', 'hold'])), models.Q(('hold__isnull', False), ('phase__in', ['settle', 'release'])), _connector='OR'), name='ledger_transfer_phase')],
            },
        ),
    ]
