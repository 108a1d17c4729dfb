{#- Grain: one customer whose latest cart of the last 14 days was not bought. -#}
with

clicks as (

    select
        customer_id,
        session_id,
        event,
        platform,
        occurred_at
    from {{ ref('stg_clicks') }}

),

purchases as (

    select
        customer_id,
        cd_count,
        amount
    from {{ ref('stg_purchases') }}

),

prices as (

    select
        customer_id,
        cast(sum(amount) / sum(cd_count) as decimal(10, 2)) as usual_price
    from purchases
    group by customer_id

),

last_buys as (

    select
        customer_id,
        max(occurred_at) as bought_at
    from clicks
    where event = 'purchase'
    group by customer_id

),

unbought as (

    select
        clicks.customer_id,
        clicks.session_id,
        clicks.event,
        clicks.platform,
        clicks.occurred_at
    from clicks
    left join last_buys on clicks.customer_id = last_buys.customer_id
    where
        cast(clicks.occurred_at as date) > {{ activation.as_of() }} - 14
        and (last_buys.bought_at is null or clicks.occurred_at > last_buys.bought_at)

),

sessions as (

    select
        customer_id,
        session_id,
        max(platform) as platform,
        cast(count(*) filter (where event = 'add_to_cart') as integer) as item_count,
        bool_or(event = 'shipping_details') as has_seen_shipping,
        bool_or(event = 'payment_details') as has_seen_payment,
        min(occurred_at) filter (where event = 'add_to_cart') as opened_at,
        max(occurred_at) as touched_at
    from unbought
    group by customer_id, session_id
    having count(*) filter (where event = 'add_to_cart') > 0

),

latest as (

    select *
    from sessions
    qualify row_number() over (
        partition by customer_id
        order by opened_at desc, session_id asc
    ) = 1

),

final as (

    select
        'cart_' || latest.session_id as cart_id,
        latest.customer_id,
        latest.platform,
        case
            when latest.has_seen_payment then 'payment'
            when latest.has_seen_shipping then 'shipping'
            else 'cart'
        end as furthest_step,
        latest.item_count,
        cast(latest.item_count * prices.usual_price as decimal(10, 2)) as cart_value,
        latest.opened_at,
        latest.touched_at
    from latest
    inner join prices on latest.customer_id = prices.customer_id

)

select * from final
