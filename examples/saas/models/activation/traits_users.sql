{#- Grain: one active user. -#}
with

users as (

    select
        user_id,
        account_id,
        email,
        user_role,
        created_at
    from {{ ref('stg_users') }}
    where is_active

),

billing as (

    select
        account_id,
        plan_key,
        subscription_status,
        mrr
    from {{ ref('account_billing') }}

),

limit_use as (

    select
        account_id,
        seat_use_percent,
        project_use_percent
    from {{ ref('account_limit_use') }}

),

setup as (

    select
        account_id,
        setup_step
    from {{ ref('account_setup') }}

),

final as (

    select
        users.user_id,
        users.account_id,
        users.email,
        users.user_role,
        billing.plan_key,
        billing.subscription_status,
        setup.setup_step,
        {{ activation.band('limit_use.seat_use_percent', [50, 80, 100]) }} as seat_use,
        {{ activation.band('limit_use.project_use_percent', [50, 80, 100]) }} as project_use,
        billing.mrr,
        cast(users.created_at as date) as signed_up_on
    from users
    inner join billing on users.account_id = billing.account_id
    inner join limit_use on users.account_id = limit_use.account_id
    inner join setup on users.account_id = setup.account_id

)

select * from final
