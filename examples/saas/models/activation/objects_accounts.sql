{#- Grain: one customer. -#}
with

accounts as (

    select
        account_id,
        account_name,
        employee_count
    from {{ ref('stg_accounts') }}

),

billing as (

    select
        account_id,
        plan_key,
        subscription_status,
        mrr,
        renews_on
    from {{ ref('account_billing') }}

),

limit_use as (

    select
        account_id,
        seat_use_percent,
        project_use_percent
    from {{ ref('account_limit_use') }}

),

final as (

    select
        accounts.account_id,
        accounts.account_name,
        billing.plan_key,
        billing.subscription_status,
        {{ activation.band('limit_use.seat_use_percent', [50, 80, 100]) }} as seat_use,
        {{ activation.band('limit_use.project_use_percent', [50, 80, 100]) }} as project_use,
        accounts.employee_count,
        billing.mrr,
        billing.renews_on
    from accounts
    inner join billing on accounts.account_id = billing.account_id
    inner join limit_use on accounts.account_id = limit_use.account_id

)

select * from final
