{#- Grain: one customer that does not pay yet, with its points as a lead. -#}
with

accounts as (

    select
        account_id,
        employee_count
    from {{ ref('stg_accounts') }}

),

billing as (

    select
        account_id,
        subscription_status
    from {{ ref('account_billing') }}

),

setup as (

    select
        account_id,
        setup_step
    from {{ ref('account_setup') }}

),

limit_use as (

    select
        account_id,
        seat_use_percent,
        project_use_percent
    from {{ ref('account_limit_use') }}

),

events as (

    select
        account_id,
        user_id,
        event,
        occurred_at
    from {{ ref('stg_product_events') }}

),

recent as (

    select
        account_id,
        count(
            distinct case
                when
                    event = 'session_started'
                    and {{ activation.happened_within('occurred_at', 6) }}
                    then user_id
            end
        ) as active_users,
        max(case when event = 'pricing_viewed' then occurred_at end) as pricing_viewed_at
    from events
    group by account_id

),

judged as (

    select
        accounts.account_id,
        setup.setup_step = 'done' as has_completed_setup,
        coalesce(recent.active_users >= 3, false) as has_active_team,
        greatest(
            coalesce(limit_use.seat_use_percent, 0), coalesce(limit_use.project_use_percent, 0)
        ) >= 80 as is_near_limit,
        {{ activation.happened_within('recent.pricing_viewed_at', 13) }} as has_viewed_pricing,
        {{ activation.value_gate('accounts.employee_count', at_least=50) }} as is_large
    from accounts
    inner join billing on accounts.account_id = billing.account_id
    inner join setup on accounts.account_id = setup.account_id
    inner join limit_use on accounts.account_id = limit_use.account_id
    left join recent on accounts.account_id = recent.account_id
    where billing.subscription_status in ('none', 'trialing')

),

scored as (

    select
        *,
        cast(
            case when has_completed_setup then 30 else 0 end
            + case when has_active_team then 25 else 0 end
            + case when is_near_limit then 20 else 0 end
            + case when has_viewed_pricing then 15 else 0 end
            + case when is_large then 10 else 0 end
            as integer
        ) as lead_score
    from judged

),

final as (

    select
        account_id,
        lead_score,
        lead_score >= 80 as is_lead,
        has_completed_setup,
        has_active_team,
        is_near_limit,
        has_viewed_pricing,
        is_large
    from scored

)

select * from final
