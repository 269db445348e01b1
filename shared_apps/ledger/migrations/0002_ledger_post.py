from django.db import migrations

from kernel.tenancy.operations import EverySQL

# The one writer of the books. Definer's rights: the application's roles may only read the two tables.
#
# Outcomes: done (moved now), replayed (the key did exactly this before), key_reused (the key stands for another
# transfer), short (the account, or the hold, has less than asked; `available` says what), no_hold. None but `done`
# moves anything. An amount of null releases all that is left of a hold.
LEDGER_POST = """
CREATE FUNCTION ledger_post(
  p_id uuid, p_phase text, p_debit text, p_credit text, p_amount bigint, p_unit text,
  p_kind text, p_key text, p_reference text, p_hold uuid, p_at timestamptz,
  OUT outcome text, OUT transfer uuid, OUT moved bigint, OUT available bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  c_outside constant text[] := ARRAY['gateway', 'cash', 'bank', 'vendor', 'opening'];
  moves boolean := p_phase IN ('post', 'settle');
  v_debit text := p_debit;
  v_credit text := p_credit;
  v_outside boolean;
  v_before ledger_transfer;
  v_payer ledger_account;
BEGIN
  IF p_phase IN ('settle', 'release') THEN
    SELECT t.debit, t.credit INTO v_debit, v_credit FROM ledger_transfer t WHERE t.id = p_hold AND t.phase = 'hold';
    IF NOT FOUND THEN
      outcome := 'no_hold';
      RETURN;
    END IF;
  END IF;
  v_outside := split_part(v_debit, ':', 1) = ANY (c_outside);
  -- Accounts open before anything is locked: one that opened later would be locked out of order. A transfer without
  -- a payer opens nothing.
  INSERT INTO ledger_account (code, unit, posted, held, outside)
  SELECT c.code, p_unit, 0, 0, split_part(c.code, ':', 1) = ANY (c_outside)
  FROM (VALUES (v_debit), (v_credit)) c (code)
  WHERE (v_outside OR c.code = v_credit AND EXISTS (SELECT FROM ledger_account a WHERE a.code = v_debit))
    AND NOT EXISTS (SELECT FROM ledger_account a WHERE a.code = c.code)
  ORDER BY c.code
  ON CONFLICT DO NOTHING;

  -- One order for everyone, so two transfers can never wait on each other. What follows sees what the lock waited for.
  PERFORM 1 FROM ledger_account a
  WHERE a.code = v_debit OR (moves AND a.code = v_credit)
  ORDER BY a.code FOR NO KEY UPDATE;

  SELECT * INTO v_before FROM ledger_transfer t WHERE t.key = p_key;
  IF FOUND THEN
    transfer := v_before.id;
    moved := v_before.amount;
    outcome := CASE
      WHEN (v_before.phase, v_before.debit, v_before.credit, v_before.kind) = (p_phase, v_debit, v_credit, p_kind)
        AND v_before.amount = COALESCE(p_amount, v_before.amount)
        AND v_before.hold IS NOT DISTINCT FROM p_hold THEN 'replayed'
      ELSE 'key_reused' END;
    RETURN;
  END IF;

  SELECT * INTO v_payer FROM ledger_account a WHERE a.code = v_debit;
  IF p_hold IS NULL THEN
    available := COALESCE(v_payer.posted - v_payer.held, 0);
  ELSE
    SELECT t.pending INTO available FROM ledger_transfer t WHERE t.id = p_hold;
  END IF;
  moved := CASE p_phase WHEN 'release' THEN COALESCE(p_amount, NULLIF(available, 0)) ELSE p_amount END;
  IF moved IS NULL OR (moved > available AND NOT (v_outside AND p_hold IS NULL)) THEN
    outcome := 'short';
    RETURN;
  END IF;

  INSERT INTO ledger_transfer (id, debit, credit, amount, phase, kind, key, reference, hold, pending, at)
  VALUES (p_id, v_debit, v_credit, moved, p_phase, p_kind, p_key, p_reference, p_hold,
          CASE p_phase WHEN 'hold' THEN moved ELSE 0 END, p_at);
  IF p_hold IS NOT NULL THEN
    UPDATE ledger_transfer t SET pending = t.pending - moved WHERE t.id = p_hold;
  END IF;
  UPDATE ledger_account a SET
    posted = a.posted - CASE WHEN moves THEN moved ELSE 0 END,
    held = a.held + CASE p_phase WHEN 'hold' THEN moved WHEN 'post' THEN 0 ELSE -moved END
  WHERE a.code = v_debit;
  IF moves THEN
    UPDATE ledger_account a SET posted = a.posted + moved WHERE a.code = v_credit;
  END IF;
  PERFORM 1 FROM ledger_account a WHERE a.code IN (v_debit, v_credit) AND a.unit <> p_unit;
  IF FOUND THEN
    RAISE EXCEPTION 'accounts % and % are not both in %', v_debit, v_credit, p_unit USING ERRCODE = 'check_violation';
  END IF;
  outcome := 'done';
  transfer := p_id;
END
$$;
REVOKE ALL ON FUNCTION ledger_post(uuid, text, text, text, bigint, text, text, text, text, uuid, timestamptz) FROM PUBLIC;
"""
UNDO = "DROP FUNCTION ledger_post(uuid, text, text, text, bigint, text, text, text, text, uuid, timestamptz)"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [EverySQL(LEDGER_POST, UNDO)]
