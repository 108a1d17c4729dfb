{#- Grain: one milestone of a customer's setup that was reached in the last 30 days, as an event of
    the person who reached it. The last of the three also makes the event `setup_completed`. -#}
with

events as (

    select
        event_id,
        account_id,
        user_id,
        event,
        occurred_at
    from {{ ref('stg_product_events') }}
    where event in ('source_connected', 'report_created', 'teammate_invited')

),

firsts as (

    select
        account_id,
        user_id,
        event as milestone,
        occurred_at,
        row_number() over (
            partition by account_id, event
            order by occurred_at, event_id
        ) as place
    from events

),

reached as (

    select
        account_id,
        user_id,
        milestone,
        occurred_at,
        row_number() over (
            partition by account_id
            order by occurred_at, milestone
        ) as milestones
    from firsts
    where place = 1

),

named as (

    select
        account_id,
        user_id,
        milestone,
        occurred_at
    from reached

    union all

    select
        account_id,
        user_id,
        'setup_completed' as milestone,
        occurred_at
    from reached
    where milestones = 3

),

final as (

    select
        account_id || '_' || milestone as milestone_id,
        user_id,
        account_id,
        milestone,
        occurred_at
    from named
    where {{ activation.happened_within('occurred_at', 29) }}

)

select * from final
