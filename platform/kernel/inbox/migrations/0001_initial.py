from django.db import migrations, models

from kernel.tenancy.operations import PublicSQL

# The one thing the callback door may do: store what came and put a job for what is new and believed, in one statement.
# A repeat is stored once. The callback's id is its first job's id too.
RECEIVE = """
CREATE FUNCTION public.inbox_receive(p_ids uuid[], p_businesses text[], p_sources text[], p_endpoints text[],
    p_deliveries text[], p_shas text[], p_events text[], p_handlers text[], p_headers text[], p_bodies bytea[],
    p_states text[], p_reasons text[], p_at timestamptz)
RETURNS SETOF uuid LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH new AS (
    INSERT INTO public.inbox (id, business, source, endpoint, delivery_id, body_sha256, event, handler, job, headers,
                              body, state, reason, received_at)
    SELECT id, business, source, endpoint, delivery, sha, event, handler,
           CASE WHEN state = 'received' THEN id END, headers::jsonb, body, state, reason, p_at
      FROM unnest(p_ids, p_businesses, p_sources, p_endpoints, p_deliveries, p_shas, p_events, p_handlers, p_headers,
                  p_bodies, p_states, p_reasons)
           AS came (id, business, source, endpoint, delivery, sha, event, handler, headers, body, state, reason)
    ON CONFLICT DO NOTHING
    RETURNING id, business, handler, state
  )
  INSERT INTO public.jobs_job (id, business, handler, args, priority, due, created_at)
  SELECT id, business, handler, jsonb_build_object('callback', id), 1, p_at, p_at FROM new WHERE state = 'received'
  RETURNING id
$$
"""

READ = """
CREATE FUNCTION public.inbox_read(p_id uuid)
RETURNS TABLE (id uuid, source text, event text, delivery_id text, headers jsonb, body bytea, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT i.id, i.source, i.event, i.delivery_id, i.headers, i.body, i.state
    FROM public.inbox i WHERE i.id = p_id AND i.state <> 'refused' AND i.business = public.caller_schema()
$$
"""

FINISH = """
CREATE FUNCTION public.inbox_finish(p_id uuid, p_state text, p_reason text, p_at timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  UPDATE public.inbox SET state = p_state, reason = p_reason, processed_at = p_at
   WHERE id = p_id AND state <> 'refused' AND p_state IN ('processed', 'ignored', 'failed')
     AND business = public.caller_schema();
  RETURN FOUND;
END
$$
"""

# null: not the caller's; false: on its way or never believed.
REPLAY = """
CREATE FUNCTION public.inbox_replay(p_id uuid, p_job uuid, p_at timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  v_row public.inbox;
BEGIN
  SELECT * INTO v_row FROM public.inbox WHERE id = p_id AND business = public.caller_schema() FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF v_row.state = 'refused' OR (v_row.state = 'received' AND NOT EXISTS (
       SELECT 1 FROM public.jobs_job WHERE id = v_row.job AND state = 'dead')) THEN
    RETURN false;
  END IF;
  UPDATE public.inbox SET state = 'received', reason = '', processed_at = NULL, job = p_job WHERE id = p_id;
  INSERT INTO public.jobs_job (id, business, handler, args, priority, due, created_at)
  VALUES (p_job, v_row.business, v_row.handler, jsonb_build_object('callback', p_id), 1, p_at, p_at);
  RETURN true;
END
$$
"""

# A callback whose job died is shown as failed, with the job's error.
PAGE = """
CREATE FUNCTION public.inbox_page(p_limit int, p_before uuid, p_source text, p_state text, p_event text, p_search text,
                                  p_since timestamptz, p_until timestamptz)
RETURNS SETOF jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT jsonb_build_object('id', shown.id, 'source', shown.source, 'event', shown.event,
           'delivery_id', shown.delivery_id, 'state', shown.shown_state, 'reason', shown.shown_reason,
           'size', octet_length(shown.body), 'received_at', shown.received_at, 'processed_at', shown.processed_at)
    FROM (SELECT i.*, CASE WHEN lost.id IS NULL THEN i.state ELSE 'failed' END AS shown_state,
                 coalesce(lost.error, i.reason) AS shown_reason
            FROM public.inbox i
            LEFT JOIN public.jobs_job lost ON lost.id = i.job AND lost.state = 'dead' AND i.state = 'received'
           WHERE i.business = public.caller_schema()) shown
   WHERE (p_before IS NULL OR shown.id < p_before)
     AND (p_source IS NULL OR shown.source = p_source) AND (p_state IS NULL OR shown.shown_state = p_state)
     AND (p_event IS NULL OR shown.event = p_event)
     AND (p_search IS NULL OR shown.delivery_id = p_search
          OR position(convert_to(p_search, 'UTF8') in shown.body) > 0)
     AND (p_since IS NULL OR shown.received_at >= p_since) AND (p_until IS NULL OR shown.received_at < p_until)
   ORDER BY shown.id DESC LIMIT p_limit
$$
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [("jobs", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Inbox",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("business", models.TextField()),
                ("source", models.TextField()),
                ("endpoint", models.TextField()),
                ("delivery_id", models.TextField()),
                ("body_sha256", models.TextField()),
                ("event", models.TextField()),
                ("handler", models.TextField()),
                ("job", models.UUIDField(null=True)),
                ("headers", models.JSONField()),
                ("body", models.BinaryField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("received", "Received"),
                            ("processed", "Processed"),
                            ("ignored", "Ignored"),
                            ("failed", "Failed"),
                            ("refused", "Refused"),
                        ]
                    ),
                ),
                ("reason", models.TextField()),
                ("received_at", models.DateTimeField()),
                ("processed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "inbox",
                "indexes": [models.Index(fields=["business", "-id"], name="inbox_of_business")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "endpoint", "delivery_id"), name="inbox_one_per_delivery"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "refused"), _negated=True),
                        fields=("source", "endpoint", "body_sha256"),
                        name="inbox_one_per_body",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["received", "processed", "ignored", "failed", "refused"])),
                        name="inbox_state_known",
                    ),
                ],
            },
        ),
        PublicSQL([RECEIVE], ["DROP FUNCTION public.inbox_receive"]),
        PublicSQL([READ], ["DROP FUNCTION public.inbox_read"]),
        PublicSQL([FINISH], ["DROP FUNCTION public.inbox_finish"]),
        PublicSQL([REPLAY], ["DROP FUNCTION public.inbox_replay"]),
        PublicSQL([PAGE], ["DROP FUNCTION public.inbox_page"]),
        PublicSQL(
            [
                "REVOKE ALL ON FUNCTION public.inbox_receive, public.inbox_read, public.inbox_finish,"
                " public.inbox_replay, public.inbox_page FROM PUBLIC"
            ],
            [],
        ),
    ]
