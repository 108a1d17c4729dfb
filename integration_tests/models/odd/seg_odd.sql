{#- Members with something wrong with each: a tier that nobody knows, no consent. -#}
select
    cast('u1' as varchar) as person_id,
    cast('small' as varchar) as seat_tier,
    cast('too_expensive' as varchar) as reason_code,
    cast(true as boolean) as is_stuck,
    cast('2024-05-20 22:59:59' as timestamp) as seen_at
union all
select
    cast('u2' as varchar) as person_id,
    cast('huge' as varchar) as seat_tier,
    cast('too_slow' as varchar) as reason_code,
    cast(true as boolean) as is_stuck,
    cast('2024-05-21 22:00:00' as timestamp) as seen_at
union all
select
    cast('u9' as varchar) as person_id,
    cast(null as varchar) as seat_tier,
    cast(null as varchar) as reason_code,
    cast(false as boolean) as is_stuck,
    cast(null as timestamp) as seen_at
