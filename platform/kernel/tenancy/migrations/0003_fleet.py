from django.db import migrations, models

import kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0002_schema_dropped"),
    ]

    operations = [
        migrations.AddField(
            model_name="readyschema",
            name="grants",
            field=models.CharField(db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="names",
            field=models.JSONField(default=list),
        ),
        migrations.CreateModel(
            name="FleetEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("schema", models.CharField(max_length=63)),
                ("app", models.CharField(max_length=255)),
                ("name", models.CharField(max_length=255)),
                ("run", models.UUIDField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("applied", "Applied"), ("failed", "Failed")], max_length=7
                    ),
                ),
                ("attempts", models.IntegerField(default=1)),
                ("steps", models.IntegerField(default=0)),
                ("error", models.TextField(default="")),
                ("ms", models.IntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["run", "state"], name="tenancy_entries_of_run")],
                "constraints": [models.UniqueConstraint(fields=("schema", "app", "name"), name="tenancy_one_entry")],
            },
        ),
        migrations.CreateModel(
            name="FleetRun",
            fields=[
                ("id", models.UUIDField(default=kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("migrate", "Migrate"), ("run", "Run"), ("backfill", "Backfill")], max_length=8
                    ),
                ),
                ("what", models.CharField(max_length=200)),
                ("fingerprint", models.CharField(default="", max_length=64)),
                ("stage", models.CharField(default="", max_length=20)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("finished", "Finished"),
                            ("stopped", "Stopped"),
                            ("failed", "Failed"),
                        ],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("total", models.IntegerField(default=0)),
                ("done", models.IntegerField(default=0)),
                ("failed", models.IntegerField(default=0)),
                ("error", models.TextField(default="")),
                ("started_at", models.DateTimeField()),
                ("moved_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["-started_at"], name="tenancy_runs_latest")],
            },
        ),
    ]
