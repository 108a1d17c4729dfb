{#- Grain: one customer whose second order is due and who may be contacted. -#}
with

customers as (

    select
        customer_id,
        order_count = 1 and days_since_last_order between 60 and 89 as is_due,
        lifetime_value >= 50 as is_large_order
    from {{ ref('traits_customers') }}
    where not {{ activation.suppressed_by('customer_id', ref('suppressions')) }}

),

final as (

    select
        customer_id,
        {{ activation.qualified_because({
            'is_due': 'ordered once, 60 to 89 days ago',
            'is_large_order': 'for 50 dollars or more',
        }, separator=', ') }} as qualified_because
    from customers
    where is_due

)

select * from final
