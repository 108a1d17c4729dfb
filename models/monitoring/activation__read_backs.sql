select
    cast(null as varchar) as run_id,
    cast(null as varchar) as sync,
    cast(null as varchar) as destination,
    cast(null as varchar) as differing_traits,
    cast(null as date) as day,
    cast(null as bigint) as checked,
    cast(null as bigint) as found,
    cast(null as bigint) as matched,
    cast(null as bigint) as missing,
    cast(null as bigint) as differing,
    cast(null as double precision) as match_rate,
    cast(null as timestamp) as checked_at
where 1 = 0
