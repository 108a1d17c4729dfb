select
    cast(null as varchar) as sync,
    cast(null as date) as day,
    cast(null as bigint) as acknowledged,
    cast(null as bigint) as unfinished,
    cast(null as double precision) as p50_seconds,
    cast(null as double precision) as p95_seconds,
    cast(null as double precision) as max_seconds
where 1 = 0
