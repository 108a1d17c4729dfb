{#- What people gave as a reason, and whether they got stuck. -#}
select
    cast('too_expensive' as varchar) as reason_code,
    cast(true as boolean) as is_stuck,
    cast(true as boolean) as is_lost
union all
select
    cast('too_slow' as varchar) as reason_code,
    cast(false as boolean) as is_stuck,
    cast(true as boolean) as is_lost
union all
select
    cast('nobody_reads_this' as varchar) as reason_code,
    cast(false as boolean) as is_stuck,
    cast(false as boolean) as is_lost
union all
select
    cast('support_looks_after_this' as varchar) as reason_code,
    cast(false as boolean) as is_stuck,
    cast(false as boolean) as is_lost
