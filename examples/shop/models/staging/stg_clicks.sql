{#- Grain: one click, up to the end of as_of. -#}
with

clicks as (

    select
        session_id,
        event,
        platform,
        acquisition_channel,
        cast(split_part(user_id, '_', 2) as integer) as user_number,
        cast(timestamp as timestamp) as occurred_at
    from {{ source('shop', 'clickstream') }}

),

final as (

    select
        'c_' || lpad(cast(user_number * 39 + 1 as varchar), 5, '0') as customer_id,
        session_id,
        event,
        platform,
        acquisition_channel,
        occurred_at
    from clicks
    where cast(occurred_at as date) <= {{ activation.as_of() }}

)

select * from final
