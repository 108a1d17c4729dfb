select
    cast(null as varchar) as sync,
    cast(null as varchar) as measure,
    cast(null as date) as day,
    cast(null as varchar) as verdict,
    cast(null as integer) as history_days,
    cast(null as double precision) as amount,
    cast(null as double precision) as expected,
    cast(null as double precision) as score
where 1 = 0
