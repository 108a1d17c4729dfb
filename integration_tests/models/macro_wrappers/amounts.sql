{#- Nothing in it: the unit test of the wrapper brings its own rows. -#}
select
    cast(null as {{ dbt.type_string() }}) as series,
    cast(null as date) as day, -- noqa: RF04
    cast(null as {{ dbt.type_int() }}) as amount
where 1 = 0
