{#- Grain: one purchase of the last 30 days. -#}
with

purchases as (

    select
        purchase_id,
        customer_id,
        cd_count,
        amount,
        bought_on
    from {{ ref('stg_purchases') }}

),

final as (

    select
        purchase_id,
        customer_id,
        cd_count,
        amount,
        cast(bought_on as timestamp) as occurred_at
    from purchases
    where bought_on > {{ activation.as_of() }} - 30

)

select * from final
