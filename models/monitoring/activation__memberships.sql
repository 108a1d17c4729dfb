select
    cast(null as varchar) as sync,
    cast(null as varchar) as kind,
    cast(null as varchar) as identity,
    cast(null as varchar) as entry_reason,
    cast(null as varchar) as exit_cause,
    cast(null as integer) as stay,
    cast(null as boolean) as is_member,
    cast(null as timestamp) as entered_at,
    cast(null as timestamp) as exited_at
where 1 = 0
