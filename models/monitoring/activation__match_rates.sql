select
    cast(null as varchar) as destination,
    cast(null as date) as day,
    cast(null as varchar) as verdict,
    cast(null as bigint) as checked,
    cast(null as bigint) as found,
    cast(null as bigint) as matched,
    cast(null as double precision) as match_rate,
    cast(null as bigint) as baseline_checked,
    cast(null as double precision) as baseline_rate,
    cast(null as double precision) as score
where 1 = 0
