from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_heard")]

    operations = [
        migrations.RemoveConstraint(model_name="tenant", name="tenants_tenant_slug_once"),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.UniqueConstraint(
                fields=["slug"], condition=~models.Q(state="deleted"), name="tenants_tenant_slug_once"
            ),
        ),
    ]
