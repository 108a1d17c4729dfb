{#- Grain: one version of one Stripe subscription, as known by as_of: while neither the subscription
    nor its item nor its price changed. Test mode and deleted customers are left out. -#}
with

customers as (

    select
        id as customer_id,
        {{ activation.json_text('metadata', 'account_id') }} as account_id
    from {{ ref('stripe_customers') }}
    where
        livemode
        and not is_deleted

),

subscriptions as (

    select
        id as subscription_id,
        customer_id,
        status,
        current_period_end,
        cancel_at,
        _fivetran_start as valid_from,
        _fivetran_end as valid_until
    from {{ ref('stripe_subscription_history') }}
    where
        livemode
        and _fivetran_start < {{ activation.as_of_time() }}

),

items as (

    select
        subscription_id,
        plan_id as price_id,
        quantity,
        current_period_end,
        _fivetran_start as valid_from,
        _fivetran_end as valid_until
    from {{ ref('stripe_subscription_item_history') }}
    where _fivetran_start < {{ activation.as_of_time() }}

),

prices as (

    select
        id as price_id,
        lookup_key as plan_key,
        unit_amount,
        currency,
        recurring_interval,
        case recurring_interval
            when 'year' then 12.0
            when 'month' then 1.0
            when 'week' then 12.0 / 52
            when 'day' then 12 / 365.25
        end * recurring_interval_count as months
    from {{ ref('stripe_prices') }}

),

rates as (

    select
        currency,
        usd_per_unit,
        minor_units
    from {{ ref('exchange_rates') }}

),

final as (

    select
        subscriptions.subscription_id,
        customers.account_id,
        prices.plan_key,
        prices.recurring_interval as plan_interval,
        case
            when subscriptions.status in ('trialing', 'active', 'past_due', 'paused')
                then subscriptions.status
            else 'canceled'
        end as subscription_status,
        items.quantity as seats_purchased,
        cast(
            round(
                items.quantity * prices.unit_amount * rates.usd_per_unit
                / (prices.months * rates.minor_units),
                2
            ) as decimal(12, 2)
        ) as full_mrr,
        cast(
            coalesce(items.current_period_end, subscriptions.current_period_end) as date
        ) as renews_on,
        cast(subscriptions.cancel_at as date) as cancels_on,
        greatest(subscriptions.valid_from, items.valid_from) as valid_from,
        least(subscriptions.valid_until, items.valid_until) as valid_until
    from subscriptions
    inner join customers on subscriptions.customer_id = customers.customer_id
    inner join items
        on
            subscriptions.subscription_id = items.subscription_id
            and subscriptions.valid_from < items.valid_until
            and subscriptions.valid_until > items.valid_from
    inner join prices on items.price_id = prices.price_id
    inner join rates on prices.currency = rates.currency

)

select * from final
