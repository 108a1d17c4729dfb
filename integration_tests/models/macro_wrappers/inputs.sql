{#- Nothing in it: the unit tests of the wrappers bring their own rows. -#}
select
    cast(null as varchar) as identity_id,
    cast(null as varchar) as typed,
    cast(null as integer) as score,
    cast(null as boolean) as is_big,
    cast(null as boolean) as is_new
where 1 = 0
