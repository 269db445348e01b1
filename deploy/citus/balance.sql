-- On the coordinator: where each tenant's schema stands and how large it is, the largest first.
-- psql -v ON_ERROR_STOP=1 -d shala -f balance.sql            looks
-- psql -v ON_ERROR_STOP=1 -v move=on -d shala -f balance.sql moves until the machines are even, in the background

\if :{?move}
\else
  \set move off
\endif

SELECT nodename, nodeport, count(DISTINCT colocation_id) AS schemas, pg_size_pretty(sum(shard_size)) AS size
FROM citus_shards WHERE citus_table_type = 'schema' GROUP BY 1, 2 ORDER BY 1, 2;

SELECT s.schema_name, s.schema_size, min(h.nodename || ':' || h.nodeport) AS stands_on
FROM citus_schemas s JOIN citus_shards h USING (colocation_id)
GROUP BY 1, 2 ORDER BY sum(h.shard_size) DESC LIMIT 50;

\if :move
  SELECT citus_rebalance_start(rebalance_strategy => 'by_disk_size', shard_transfer_mode => 'auto');
  SELECT citus_rebalance_wait();
  SELECT state, details FROM citus_rebalance_status();
\endif
