{#- Grain: one customer, with how much of its plan's limits it uses. A plan without a limit has none
    to reach: its share is null. -#}
with

billing as (

    select
        account_id,
        plan_key
    from {{ ref('account_billing') }}

),

seats as (

    select
        account_id,
        count(*) as seats_used
    from {{ ref('stg_users') }}
    where is_active
    group by account_id

),

projects as (

    select
        account_id,
        count(*) as projects_used
    from {{ ref('stg_product_events') }}
    where event = 'project_created'
    group by account_id

),

limits as (

    select
        plan_key,
        max(case when limit_name = 'seats' then limit_value end) as seat_limit,
        max(case when limit_name = 'projects' then limit_value end) as project_limit
    from {{ ref('plan_limits') }}
    group by plan_key

),

final as (

    select
        billing.account_id,
        cast(coalesce(seats.seats_used, 0) as integer) as seats_used,
        cast(coalesce(projects.projects_used, 0) as integer) as projects_used,
        cast(
            floor(100.0 * coalesce(seats.seats_used, 0) / limits.seat_limit) as integer
        ) as seat_use_percent,
        cast(
            floor(100.0 * coalesce(projects.projects_used, 0) / limits.project_limit) as integer
        ) as project_use_percent
    from billing
    left join seats on billing.account_id = seats.account_id
    left join projects on billing.account_id = projects.account_id
    left join limits on billing.plan_key = limits.plan_key

)

select * from final
