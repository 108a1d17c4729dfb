{#- Nothing in it: the unit test of the wrapper brings its own rows. -#}
select
    cast(null as varchar) as series,
    cast(null as date) as day, -- noqa: RF04
    cast(null as integer) as amount
where 1 = 0
