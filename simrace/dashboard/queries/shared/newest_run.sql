-- When the last run or build ended: what pages have read until then is old.
select greatest(
    (select max(ended_at) from marts.warehouse_runs),
    (select max(started_at) from marts.dbt_run_results)
) as ended_at
