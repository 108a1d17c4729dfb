{#- Nothing in it; shaped like the table `holdouts` of the state. -#}
select
    cast(null as varchar) as holdout,
    cast(null as varchar) as identity, -- noqa: RF04
    cast(null as varchar) as arm,
    cast(null as timestamp) as released_at
where 1 = 0
