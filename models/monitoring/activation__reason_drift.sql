select
    cast(null as varchar) as sync,
    cast(null as date) as day,
    cast(null as varchar) as verdict,
    cast(null as integer) as reasons,
    cast(null as bigint) as members,
    cast(null as bigint) as members_week_ago,
    cast(null as double precision) as stability_index,
    cast(null as double precision) as chance_floor,
    cast(null as double precision) as moved_share
where 1 = 0
