import kernel.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.UUIDField(default=kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('schema', models.TextField()),
                ('channel', models.TextField(choices=[('sms', 'Sms'), ('email', 'Email'), ('whatsapp', 'Whatsapp')])),
                ('units', models.BigIntegerField()),
                ('unit_price', models.IntegerField()),
                ('amount_paise', models.BigIntegerField()),
                ('state', models.TextField(choices=[('placed', 'Placed'), ('paid', 'Paid'), ('filled', 'Filled')], default='placed')),
                ('key', models.TextField()),
                ('payment', models.TextField(blank=True, default='')),
                ('placed_at', models.DateTimeField()),
                ('paid_at', models.DateTimeField(null=True)),
                ('filled_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'paid')), fields=['paid_at'], name='credits_order_waiting')],
                'constraints': [models.UniqueConstraint(fields=('schema', 'key'), name='credits_order_once'), models.CheckConstraint(condition=models.Q(('amount_paise__gt', 0), ('unit_price__gt', 0), ('units__gt', 0)), name='credits_order_amounts'), models.CheckConstraint(condition=models.Q(models.Q(('filled_at', None), ('paid_at', None), ('payment', ''), ('state', 'placed')), models.Q(('filled_at', None), ('paid_at__isnull', False), ('state', 'paid'), models.Q(('payment', ''), _negated=True)), models.Q(('filled_at__gte', models.F('paid_at')), ('paid_at__isnull', False), ('state', 'filled'), models.Q(('payment', ''), _negated=True)), _connector='OR'), name='credits_order_state')],
            },
        ),
        migrations.CreateModel(
            name='Price',
            fields=[
                ('id', models.UUIDField(default=kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('channel', models.TextField(choices=[('sms', 'Sms'), ('email', 'Email'), ('whatsapp', 'Whatsapp')])),
                ('plan', models.TextField(blank=True, default='')),
                ('schema', models.TextField(blank=True, default='')),
                ('unit_price', models.IntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('channel', 'plan', 'schema'), name='credits_price_once'), models.CheckConstraint(condition=models.Q(('unit_price__gt', 0)), name='credits_price_positive'), models.CheckConstraint(condition=models.Q(('plan', ''), ('schema', ''), _connector='OR'), name='credits_price_for_one')],
            },
        ),
        migrations.CreateModel(
            name='Purchase',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('vendor', models.TextField()),
                ('channel', models.TextField(choices=[('sms', 'Sms'), ('email', 'Email'), ('whatsapp', 'Whatsapp')])),
                ('units', models.BigIntegerField()),
                ('unit_cost', models.IntegerField()),
                ('amount_paise', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('units__gt', 0)), name='credits_purchase_units'), models.CheckConstraint(condition=models.Q(('amount_paise__gte', 0), ('unit_cost__gte', 0)), name='credits_purchase_money')],
            },
        ),
        migrations.CreateModel(
            name='Vendor',
            fields=[
                ('id', models.UUIDField(default=kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('code', models.TextField()),
                ('name', models.TextField()),
                ('channel', models.TextField(choices=[('sms', 'Sms'), ('email', 'Email'), ('whatsapp', 'Whatsapp')])),
                ('unit_cost', models.IntegerField(default=1500)),
                ('priority', models.IntegerField(default=1)),
                ('active', models.BooleanField(default=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('code', 'channel'), name='credits_vendor_channel_once'), models.CheckConstraint(condition=models.Q(('unit_cost__gte', 0)), name='credits_vendor_cost'), models.CheckConstraint(condition=models.Q(('code__regex', '^[a-z0-9_]{2,32}$')), name='credits_vendor_code'), models.CheckConstraint(condition=models.Q(('channel__in', ['sms', 'email', 'whatsapp'])), name='credits_vendor_channel')],
            },
        ),
        migrations.CreateModel(
            name='VendorReference',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('vendor', models.TextField()),
                ('reference', models.TextField()),
                ('schema', models.TextField()),
                ('hold', models.UUIDField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'db_table': 'vendor_reference',
                'constraints': [models.UniqueConstraint(fields=('vendor', 'reference'), name='vendor_reference_once')],
            },
        ),
        migrations.CreateModel(
            name='Wallet',
            fields=[
                ('id', models.UUIDField(default=kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('schema', models.TextField()),
                ('channel', models.TextField(choices=[('sms', 'Sms'), ('email', 'Email'), ('whatsapp', 'Whatsapp')])),
                ('low_at', models.BigIntegerField(default=50)),
                ('told', models.BooleanField(default=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('schema', 'channel'), name='credits_wallet_once'), models.CheckConstraint(condition=models.Q(('low_at__gte', 0)), name='credits_wallet_low_at')],
            },
        ),
    ]
