select
    cast(null as varchar) as run_id,
    cast(null as varchar) as sync,
    cast(null as varchar) as kind,
    cast(null as varchar) as identity,
    cast(null as varchar) as op,
    cast(null as varchar) as cause,
    cast(null as varchar) as reason,
    cast(null as bigint) as epoch,
    cast(null as bigint) as seq,
    cast(null as timestamp) as delivered_at
where 1 = 0
