select
    cast(null as varchar) as sync,
    cast(null as varchar) as model,
    cast(null as varchar) as destination,
    cast(null as varchar) as sla,
    cast(null as varchar) as last_status,
    cast(null as varchar) as verdict,
    cast(null as double precision) as age_minutes,
    cast(null as double precision) as sla_minutes,
    cast(null as double precision) as sla_share,
    cast(null as timestamp) as settled_at,
    cast(null as timestamp) as last_run_at
where 1 = 0
