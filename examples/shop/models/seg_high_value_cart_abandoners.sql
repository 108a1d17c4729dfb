{#- Grain: one customer who left a valuable cart and may be contacted. -#}
with

carts as (

    select
        customer_id,
        cart_value,
        furthest_step,
        cart_value >= 20 as is_high_value,
        furthest_step = 'payment' as has_reached_payment,
        furthest_step = 'shipping' as has_reached_shipping
    from {{ ref('open_carts') }}
    where not {{ activation.suppressed_by('customer_id', ref('suppressions')) }}

),

final as (

    select
        customer_id,
        case furthest_step
            when 'payment' then 'high'
            when 'shipping' then 'medium'
            else 'low'
        end as intent_tier,
        {{ activation.qualified_because({
            'is_high_value': 'left a cart of 20 dollars or more',
            'has_reached_payment': 'got as far as payment',
            'has_reached_shipping': 'got as far as shipping',
        }) }} as qualified_because,
        cart_value
    from carts
    where is_high_value

)

select * from final
