select
    cast('u1' as varchar) as person_id,
    cast(true as boolean) as vip
