{#- Grain: one customer, with the subscription of the highest revenue that is in force at the end of
    as_of; without one it is on the free plan. -#}
with

accounts as (

    select account_id
    from {{ ref('stg_accounts') }}

),

in_force as (

    select
        account_id,
        billing_provider,
        plan_key,
        plan_interval,
        subscription_status,
        mrr,
        renews_on,
        cancels_on,
        row_number() over (
            partition by account_id
            order by mrr desc, valid_from desc, subscription_id asc
        ) as place
    from {{ ref('subscription_versions') }}
    where
        valid_until >= {{ activation.as_of_time() }}
        and subscription_status <> 'canceled'

),

final as (

    select
        accounts.account_id,
        in_force.billing_provider,
        coalesce(in_force.plan_key, 'free') as plan_key,
        in_force.plan_interval,
        coalesce(in_force.subscription_status, 'none') as subscription_status,
        coalesce(in_force.mrr, cast(0 as decimal(12, 2))) as mrr,
        in_force.renews_on,
        in_force.cancels_on
    from accounts
    left join in_force
        on
            accounts.account_id = in_force.account_id
            and in_force.place = 1

)

select * from final
