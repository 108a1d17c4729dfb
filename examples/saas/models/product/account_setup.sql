{#- Grain: one customer, with how far its setup is: the step that is next, and since when it is. -#}
with

accounts as (

    select
        account_id,
        created_at
    from {{ ref('stg_accounts') }}

),

events as (

    select
        account_id,
        event,
        occurred_at
    from {{ ref('stg_product_events') }}

),

reached as (

    select
        account_id,
        min(case when event = 'source_connected' then occurred_at end) as source_connected_at,
        min(case when event = 'report_created' then occurred_at end) as report_created_at,
        min(case when event = 'teammate_invited' then occurred_at end) as teammate_invited_at
    from events
    group by account_id

),

final as (

    select
        accounts.account_id,
        case
            when reached.source_connected_at is null then 'connect a source'
            when reached.report_created_at is null then 'create a report'
            when reached.teammate_invited_at is null then 'invite a teammate'
            else 'done'
        end as setup_step,
        accounts.created_at,
        case
            when reached.source_connected_at is null then accounts.created_at
            when reached.report_created_at is null then reached.source_connected_at
            when reached.teammate_invited_at is null then reached.report_created_at
            else greatest(
                reached.source_connected_at,
                reached.report_created_at,
                reached.teammate_invited_at
            )
        end as step_since
    from accounts
    left join reached on accounts.account_id = reached.account_id

)

select * from final
