select
    cast(null as varchar) as sync,
    cast(null as varchar) as code,
    cast(null as date) as day,
    cast(null as varchar) as verdict,
    cast(null as bigint) as answers,
    cast(null as bigint) as identities,
    cast(null as bigint) as refused_identities,
    cast(null as bigint) as answered_identities,
    cast(null as double precision) as refused_share,
    cast(null as boolean) as is_new
where 1 = 0
