{#- Grain: one event up to the end of as_of of somebody who is known by then. What people did before
    they signed up is theirs as soon as their anonymous id is known; strangers stay out. -#}
with

events as (

    select
        event_id,
        anonymous_id,
        user_id,
        event,
        occurred_at
    from {{ ref('product_events') }}
    where occurred_at < {{ activation.as_of_time() }}

),

known as (

    {{ activation.identity_map('events', 'anonymous_id', 'user_id', 'occurred_at') }}

),

identified as (

    {{ activation.identified('events', 'anonymous_id', 'user_id', 'known', known_as='person_id') }}

),

users as (

    select
        user_id,
        account_id
    from {{ ref('stg_users') }}

),

final as (

    select
        identified.event_id,
        users.user_id,
        users.account_id,
        identified.event,
        identified.occurred_at
    from identified
    inner join users on identified.person_id = users.user_id

)

select * from final
