{#- Nothing in it: the unit tests of the wrappers bring their own rows. -#}
select
    cast(null as {{ dbt.type_string() }}) as identity_id,
    cast(null as {{ dbt.type_string() }}) as anonymous_id,
    cast(null as {{ dbt.type_string() }}) as happening,
    cast(null as {{ dbt.type_string() }}) as typed,
    cast(null as {{ dbt.type_int() }}) as score,
    cast(null as decimal(10, 2)) as price,
    cast(null as decimal(10, 2)) as unit_cost,
    cast(null as boolean) as is_big,
    cast(null as boolean) as is_new,
    cast(null as date) as happened_on,
    cast(null as {{ dbt.type_timestamp() }}) as happened_at
where 1 = 0
