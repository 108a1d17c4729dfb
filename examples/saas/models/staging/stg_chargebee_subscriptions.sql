{#- Grain: one version of one Chargebee subscription, as known by as_of: a row of Airbyte's, until
    the next one. Chargebee works out the monthly revenue itself, in minor units. -#}
{%- set epoch = "timestamp '1970-01-01 00:00:00'" -%}
with

versions as (

    select
        id as subscription_id,
        cf_account_id as account_id,
        status,
        plan_id as plan_key,
        plan_quantity,
        lower(currency_code) as currency,
        mrr,
        cast({{ epoch }} + current_term_end * interval '1 second' as date) as term_ends_on,
        cast({{ epoch }} + cancelled_at * interval '1 second' as date) as cancelled_on,
        {{ epoch }} + updated_at * interval '1 second' as valid_from,
        {{ epoch }} + lead(updated_at) over (
            partition by id
            order by updated_at
        ) * interval '1 second' as replaced_at
    from {{ ref('chargebee_subscriptions') }}
    where not deleted

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
        versions.subscription_id,
        versions.account_id,
        versions.plan_key,
        'month' as plan_interval,
        case versions.status
            when 'in_trial' then 'trialing'
            when 'active' then 'active'
            when 'non_renewing' then 'active'
            when 'paused' then 'paused'
            else 'canceled'
        end as subscription_status,
        versions.plan_quantity as seats_purchased,
        cast(
            round(versions.mrr * rates.usd_per_unit / rates.minor_units, 2) as decimal(12, 2)
        ) as full_mrr,
        versions.term_ends_on as renews_on,
        versions.cancelled_on as cancels_on,
        versions.valid_from,
        coalesce(versions.replaced_at, timestamp '9999-12-31 23:59:59') as valid_until
    from versions
    inner join rates on versions.currency = rates.currency
    where versions.valid_from < {{ activation.as_of_time() }}

)

select * from final
