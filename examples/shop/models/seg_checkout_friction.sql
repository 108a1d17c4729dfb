{#- Grain: one customer whom the checkout failed, who has not bought since and may be contacted. -#}
with

clicks as (

    select
        customer_id,
        event,
        occurred_at
    from {{ ref('stg_clicks') }}

),

purchases as (

    select
        customer_id,
        bought_on
    from {{ ref('stg_purchases') }}

),

last_buys as (

    select
        customer_id,
        max(occurred_at) filter (where event = 'purchase') as bought_at
    from clicks
    group by customer_id

),

last_orders as (

    select
        customer_id,
        max(bought_on) as ordered_on
    from purchases
    group by customer_id

),

unresolved as (

    select
        clicks.customer_id,
        clicks.event,
        clicks.occurred_at
    from clicks
    left join last_buys on clicks.customer_id = last_buys.customer_id
    left join last_orders on clicks.customer_id = last_orders.customer_id
    where
        clicks.event in ('checkout_bug', 'payment_error')
        and cast(clicks.occurred_at as date) > {{ activation.as_of() }} - 30
        and (last_buys.bought_at is null or clicks.occurred_at > last_buys.bought_at)
        and (
            last_orders.ordered_on is null
            or cast(clicks.occurred_at as date) >= last_orders.ordered_on
        )

),

customers as (

    select
        customer_id,
        bool_or(event = 'checkout_bug') as has_met_bug,
        bool_or(event = 'payment_error') as has_failed_payment,
        cast(count(*) as integer) as checkout_error_count,
        max(occurred_at) as last_error_at
    from unresolved
    group by customer_id

),

final as (

    select
        customer_id,
        {{ activation.qualified_because({
            'has_met_bug': 'met the checkout bug',
            'has_failed_payment': 'payment failed',
        }) }} as qualified_because,
        checkout_error_count,
        last_error_at
    from customers
    where not {{ activation.suppressed_by('customer_id', ref('suppressions')) }}

)

select * from final
