{#- Grain: one customer worth winning back who may be contacted. -#}
with

customers as (

    select
        customer_id,
        days_since_last_order,
        lifetime_value >= 150 as is_high_value,
        days_since_last_order >= 90 as is_lapsed,
        order_count >= 3 as is_repeat_buyer
    from {{ ref('traits_customers') }}
    where not {{ activation.suppressed_by('customer_id', ref('suppressions')) }}

),

final as (

    select
        customer_id,
        {{ activation.tier(
            'days_since_last_order', {'lapsed': 120, 'lapsing': 90}
        ) }} as lapse_tier,
        {{ activation.qualified_because({
            'is_high_value': 'spent 150 dollars or more',
            'is_lapsed': 'no order for 90 days',
            'is_repeat_buyer': 'ordered 3 times or more',
        }) }} as qualified_because
    from customers
    where
        is_high_value
        and is_lapsed

)

select * from final
