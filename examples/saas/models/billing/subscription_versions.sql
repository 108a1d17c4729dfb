{#- Grain: one version of one subscription of either billing system. -#}
with

both_systems as (

    select
        'stripe' as billing_provider,
        *
    from {{ ref('stg_stripe_subscriptions') }}

    union all

    select
        'chargebee' as billing_provider,
        *
    from {{ ref('stg_chargebee_subscriptions') }}

),

final as (

    select
        billing_provider,
        subscription_id,
        account_id,
        plan_key,
        plan_interval,
        subscription_status,
        seats_purchased,
        case
            when subscription_status in ('active', 'past_due') then full_mrr
            else cast(0 as decimal(12, 2))
        end as mrr,
        renews_on,
        cancels_on,
        valid_from,
        valid_until
    from both_systems

)

select * from final
