"""Every process hears which tenant changed, whoever changed it: told with the commit, to those who listen."""

from django.db import migrations

from kernel.tenancy.operations import PublicSQL

# The argument names the column that says which tenant: its id, or its schema.
TELL = """
CREATE FUNCTION public.tenants_tell() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM pg_notify('tenants', to_jsonb(OLD) ->> TG_ARGV[0]);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM pg_notify('tenants', to_jsonb(NEW) ->> TG_ARGV[0]);
  END IF;
  RETURN NULL;
END
$$
"""
TRIGGERS = [
    "CREATE TRIGGER tenants_tell AFTER INSERT OR UPDATE OR DELETE ON public.tenants_tenant"
    " FOR EACH ROW EXECUTE FUNCTION public.tenants_tell('id')",
    "CREATE TRIGGER tenants_tell AFTER INSERT OR UPDATE OR DELETE ON public.tenants_host"
    " FOR EACH ROW EXECUTE FUNCTION public.tenants_tell('tenant_id')",
    "CREATE TRIGGER tenants_tell AFTER UPDATE OF fingerprint ON public.tenancy_readyschema"
    " FOR EACH ROW EXECUTE FUNCTION public.tenants_tell('name')",
]
DROPPED = [
    "DROP TRIGGER tenants_tell ON public.tenants_tenant",
    "DROP TRIGGER tenants_tell ON public.tenants_host",
    "DROP TRIGGER tenants_tell ON public.tenancy_readyschema",
]


class Migration(migrations.Migration):
    dependencies = [("tenants", "0003_custom_domains_and_usage"), ("tenancy", "0001_initial")]

    operations = [
        PublicSQL([TELL], ["DROP FUNCTION public.tenants_tell"]),
        PublicSQL(["REVOKE ALL ON FUNCTION public.tenants_tell FROM PUBLIC"], []),
        *(PublicSQL([made], [dropped]) for made, dropped in zip(TRIGGERS, DROPPED, strict=True)),
    ]
