{#- Grain: one customer who gets a new letter first. -#}
with

final as (

    select 'c_00544' as customer_id
    union all
    select 'c_02772' as customer_id
    union all
    select 'c_03618' as customer_id

)

select * from final
