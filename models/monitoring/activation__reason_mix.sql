select
    cast(null as varchar) as sync,
    cast(null as varchar) as reason,
    cast(null as date) as day,
    cast(null as bigint) as members,
    cast(null as double precision) as share
where 1 = 0
