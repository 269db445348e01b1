"""Taking a ready schema as a function: the server plans it once a connection, not at every tenant."""

from django.db import migrations

from kernel.tenancy.operations import PublicSQL

# Racers pass over the row another is taking, and it is ready again should its taker roll back. One that lacks a change
# the newest schemas have is not taken: its tenant would be behind from its first day.
CLAIM = """
CREATE FUNCTION public.tenancy_schema_claim() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_name text;
BEGIN
  WITH first AS (
    SELECT number FROM public.tenancy_readyschema
    WHERE state = 'ready'
      AND fingerprint = (SELECT fingerprint FROM public.tenancy_snapshot ORDER BY made_at DESC LIMIT 1)
    ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
  )
  UPDATE public.tenancy_readyschema taken SET state = 'taken' FROM first WHERE taken.number = first.number
  RETURNING taken.name INTO v_name;
  RETURN v_name;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0004_backfill")]

    operations = [
        PublicSQL([CLAIM], ["DROP FUNCTION public.tenancy_schema_claim"]),
        PublicSQL(["REVOKE ALL ON FUNCTION public.tenancy_schema_claim FROM PUBLIC"], []),
    ]
