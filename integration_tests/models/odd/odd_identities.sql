{#- One of everything that is wrong with an identity, and two that are right. -#}
select cast('fine' as varchar) as identity_id
union all
select cast('also fine' as varchar) as identity_id
union all
select cast(null as varchar) as identity_id
union all
select cast('   ' as varchar) as identity_id
union all
select cast(' led' as varchar) as identity_id
union all
select cast('Twin' as varchar) as identity_id
union all
select cast('twin' as varchar) as identity_id
union all
select cast('u5' as varchar) as identity_id
union all
select cast('u5' as varchar) as identity_id
