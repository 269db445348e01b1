from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("tenancy", "0005_schema_claim"),
    ]

    operations = [
        migrations.AlterField(
            model_name="readyschema",
            name="state",
            field=models.CharField(
                choices=[("ready", "Ready"), ("loading", "Loading"), ("taken", "Taken"), ("dropped", "Dropped")],
                default="ready",
                max_length=8,
            ),
        ),
    ]
