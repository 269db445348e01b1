from django.db import migrations

from kernel.tenancy.operations import PublicSQL

# What a business may do with its wallet inside its own transaction. Who calls is read from the role the connection has
# taken, and names the accounts: another's wallet cannot be said. Keys live under the caller's name.
HOLD = """
CREATE FUNCTION public.credits_hold(
  p_id uuid, p_channel text, p_units bigint, p_key text, p_reference text, p_at timestamptz,
  OUT outcome text, OUT hold uuid, OUT available bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  caller text := public.credits_caller();
BEGIN
  SELECT p.outcome, p.transfer, p.available INTO outcome, hold, available FROM public.ledger_post(
    p_id, 'hold', 'wallet:' || caller || ':' || p_channel, 'consumed:' || caller || ':' || p_channel, p_units,
    'credits', 'hold', caller || ':hold:' || p_key, p_reference, NULL, p_at) p;
END
$$;
"""
CONSUME = """
CREATE FUNCTION public.credits_consume(
  p_id uuid, p_hold uuid, p_units bigint, p_vendor text, p_reference text, p_key text, p_at timestamptz,
  OUT outcome text, OUT available bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  caller text := public.credits_caller();
BEGIN
  IF NOT public.credits_owns(caller, p_hold) THEN
    outcome := 'no_hold';
    RETURN;
  END IF;
  -- Kept even when the hold has too little left: the vendor has the message and will report on it.
  -- A vendor without references sends no reports.
  IF p_reference <> '' THEN
    INSERT INTO public.vendor_reference (vendor, reference, schema, hold, at)
    VALUES (p_vendor, p_reference, caller, p_hold, p_at) ON CONFLICT DO NOTHING;
    IF NOT EXISTS (SELECT FROM public.vendor_reference r
                   WHERE r.vendor = p_vendor AND r.reference = p_reference AND r.schema = caller) THEN
      outcome := 'reference_taken';
      RETURN;
    END IF;
  END IF;
  SELECT p.outcome, p.available INTO outcome, available FROM public.ledger_post(
    p_id, 'settle', NULL, NULL, p_units, 'credits', 'consume', caller || ':consume:' || p_hold || ':' || p_key,
    p_vendor || ':' || p_reference, p_hold, p_at) p;
END
$$;
"""
RELEASE = """
CREATE FUNCTION public.credits_release(
  p_id uuid, p_hold uuid, p_units bigint, p_key text, p_at timestamptz,
  OUT outcome text, OUT released bigint, OUT available bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  caller text := public.credits_caller();
BEGIN
  IF NOT public.credits_owns(caller, p_hold) THEN
    outcome := 'no_hold';
    RETURN;
  END IF;
  SELECT p.outcome, p.moved, p.available INTO outcome, released, available FROM public.ledger_post(
    p_id, 'release', NULL, NULL, p_units, 'credits', 'release', caller || ':release:' || p_hold || ':' || p_key,
    '', p_hold, p_at) p;
END
$$;
"""
CALLER = """
CREATE FUNCTION public.credits_caller() RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public AS $$
DECLARE
  caller text := public.caller_schema();
BEGIN
  IF caller IS NULL THEN
    RAISE EXCEPTION 'only a business has a wallet' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN caller;
END
$$;
CREATE FUNCTION public.credits_owns(p_caller text, p_hold uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT EXISTS (SELECT FROM public.ledger_transfer t
                 WHERE t.id = p_hold AND t.phase = 'hold' AND starts_with(t.debit, 'wallet:' || p_caller || ':'))
$$;
"""
REVOKE = """
REVOKE ALL ON FUNCTION public.credits_caller, public.credits_owns, public.credits_hold, public.credits_consume,
  public.credits_release FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION public.credits_hold, public.credits_consume, public.credits_release, public.credits_owns,
  public.credits_caller;
"""


class Migration(migrations.Migration):
    dependencies = [("credits", "0001_initial"), ("ledger", "0002_ledger_post")]

    operations = [PublicSQL(CALLER + HOLD + CONSUME + RELEASE + REVOKE, UNDO)]
