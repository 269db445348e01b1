from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0003_fleet"),
    ]

    operations = [
        migrations.CreateModel(
            name="BackfillPosition",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("backfill", models.CharField(max_length=100)),
                ("schema", models.CharField(max_length=63)),
                ("after", models.TextField(db_default="", default="")),
                ("rows", models.BigIntegerField(db_default=0, default=0)),
                ("is_done", models.BooleanField(db_default=False, default=False)),
                ("error", models.TextField(db_default="", default="")),
                ("moved_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("backfill", "schema"), name="tenancy_one_position")
                ],
            },
        ),
        migrations.CreateModel(
            name="RegistryFault",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "schema", "fault", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("schema", models.CharField(max_length=63)),
                ("fault", models.CharField(max_length=40)),
                ("since", models.DateTimeField()),
            ],
        ),
    ]
