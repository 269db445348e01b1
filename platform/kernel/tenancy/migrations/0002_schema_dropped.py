from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenancy', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='readyschema',
            name='state',
            field=models.CharField(choices=[('ready', 'Ready'), ('taken', 'Taken'), ('dropped', 'Dropped')], default='ready', max_length=8),
        ),
    ]
