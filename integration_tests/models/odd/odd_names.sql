{#- One of everything that is wrong with a trait's name. -#}
select
    1 as identity_id,
    1 as last_order_on,
    1 as lastorder_on,
    1 as "camelCase",
    1 as "with space",
    1 as trailing_,
    1 as fine_1
