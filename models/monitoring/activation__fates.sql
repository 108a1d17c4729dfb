select
    cast(null as varchar) as sync,
    cast(null as varchar) as fate,
    cast(null as date) as day,
    cast(null as bigint) as row_count,
    cast(null as double precision) as share
where 1 = 0
