{#- Keys as they should be sent, and one of each that should not. -#}
select
    cast('ada@example.com' as varchar) as email,
    cast('+4915112345678' as varchar) as phone
union all
select
    cast('Grace@example.com' as varchar) as email,
    cast('+49 151 12345678' as varchar) as phone
union all
select
    cast('nobody' as varchar) as email,
    cast('0151 12345678' as varchar) as phone
