{#- Grain: one customer who has bought by as_of. An order is all purchases of one day. -#}
with

purchases as (

    select
        customer_id,
        amount,
        bought_on
    from {{ ref('stg_purchases') }}

),

contacts as (

    select
        customer_id,
        typed_email
    from {{ ref('stg_contacts') }}

),

clicks as (

    select
        customer_id,
        acquisition_channel,
        occurred_at
    from {{ ref('stg_clicks') }}

),

orders as (

    select
        customer_id,
        bought_on,
        sum(amount) as amount
    from purchases
    group by customer_id, bought_on

),

spaced as (

    select
        customer_id,
        bought_on,
        amount,
        bought_on - lag(bought_on) over (
            partition by customer_id
            order by bought_on
        ) as gap_days
    from orders

),

customers as (

    select
        customer_id,
        cast(count(*) as integer) as order_count,
        cast(sum(amount) as decimal(10, 2)) as lifetime_value,
        cast(round(median(gap_days)) as integer) as typical_gap_days,
        min(bought_on) as first_order_on,
        max(bought_on) as last_order_on
    from spaced
    group by customer_id

),

predicted as (

    select
        *,
        last_order_on + cast(floor(typical_gap_days * 0.75) as integer) as reorder_from,
        last_order_on + cast(ceil(typical_gap_days * 1.25) as integer) as reorder_until
    from customers

),

channels as (

    select
        customer_id,
        arg_min(acquisition_channel, occurred_at) as acquisition_channel
    from clicks
    group by customer_id

),

final as (

    select
        predicted.customer_id,
        {{ activation.normalize_email('contacts.typed_email') }} as email,
        {{ activation.tier(
            'predicted.lifetime_value', {'gold': 200, 'silver': 75, 'bronze': 0}
        ) }} as value_tier,
        channels.acquisition_channel,
        predicted.order_count,
        predicted.lifetime_value,
        predicted.typical_gap_days,
        cast(
            {{ activation.as_of() }} - predicted.last_order_on as integer
        ) as days_since_last_order,
        {{ activation.as_of() }} > predicted.reorder_until as discount_eligible,
        predicted.first_order_on,
        predicted.last_order_on,
        predicted.reorder_from,
        predicted.reorder_until
    from predicted
    left join contacts on predicted.customer_id = contacts.customer_id
    left join channels on predicted.customer_id = channels.customer_id

)

select * from final
