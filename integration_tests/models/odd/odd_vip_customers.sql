select
    cast('u1' as varchar) as person_id,
    cast(true as boolean) as "VIP", -- noqa: RF06
    cast(true as boolean) as vip_customer
