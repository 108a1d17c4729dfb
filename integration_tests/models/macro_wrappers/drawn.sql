{#- Nothing in it; shaped like the table `holdouts` of the state. -#}
select
    cast(null as {{ dbt.type_string() }}) as holdout,
    cast(null as {{ dbt.type_string() }}) as identity, -- noqa: RF04
    cast(null as {{ dbt.type_string() }}) as arm,
    cast(null as {{ dbt.type_timestamp() }}) as released_at
where 1 = 0
