select
    cast(null as varchar) as sync,
    cast(null as varchar) as code,
    cast(null as varchar) as reason,
    cast(null as bigint) as row_count,
    cast(null as bigint) as identities,
    cast(null as bigint) as most_attempts,
    cast(null as timestamp) as first_rejected_at,
    cast(null as timestamp) as last_rejected_at
where 1 = 0
