-- On the coordinator, as the login that owns the schemas: spread what one machine held until now, a schema at a time.
-- psql -v ON_ERROR_STOP=1 -d shala -f spread.sql

SELECT format('SELECT citus_schema_distribute(%L)', n.nspname)
FROM pg_namespace n
WHERE n.nspname ~ '^t_[1-9][0-9]*$' AND NOT EXISTS (SELECT FROM pg_dist_schema s WHERE s.schemaid = n.oid)
ORDER BY n.nspname \gexec
