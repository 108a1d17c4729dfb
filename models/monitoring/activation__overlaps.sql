select
    cast(null as varchar) as destination,
    cast(null as varchar) as first_sync,
    cast(null as varchar) as second_sync,
    cast(null as date) as day,
    cast(null as varchar) as verdict,
    cast(null as bigint) as first_members,
    cast(null as bigint) as second_members,
    cast(null as bigint) as in_both,
    cast(null as double precision) as jaccard,
    cast(null as double precision) as containment
where 1 = 0
