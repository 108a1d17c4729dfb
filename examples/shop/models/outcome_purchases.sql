{#- Grain: one purchase. -#}
with

purchases as (

    select
        purchase_id,
        customer_id,
        amount,
        bought_on
    from {{ ref('stg_purchases') }}

),

final as (

    select
        purchase_id,
        customer_id,
        amount,
        cast(bought_on as timestamp) as bought_at
    from purchases

)

select * from final
