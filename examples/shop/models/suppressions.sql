{#- Grain: one customer to be left alone on the day as_of, with the reason that lasts longest. -#}
with

purchases as (

    select
        purchase_id,
        customer_id,
        bought_on
    from {{ ref('stg_purchases') }}

),

clicks as (

    select
        customer_id,
        event,
        cast(occurred_at as date) as clicked_on
    from {{ ref('stg_clicks') }}

),

chats as (

    select
        customer_id,
        lag(clicked_on) over (
            partition by customer_id
            order by clicked_on
        ) as previous_chat_on
    from clicks
    where event = 'support_chat'

),

answers as (

    select
        customer_id,
        refuses_contact
    from {{ ref('survey_answers') }}

),

reasons as (

    select
        customer_id,
        'bought in the last 7 days' as reason,
        bought_on + 6 as suppressed_until
    from purchases

    union all

    select
        customer_id,
        'bought in the last 7 days' as reason,
        clicked_on + 6 as suppressed_until
    from clicks
    where event = 'purchase'

    union all

    select
        customer_id,
        'refunded in the last 30 days' as reason,
        bought_on + 29 as suppressed_until
    from purchases
    where {{ activation.stable_bucket('refund', 'purchase_id') }} < 200

    union all

    select
        customer_id,
        'asked support twice in the last 14 days' as reason,
        previous_chat_on + 13 as suppressed_until
    from chats
    where previous_chat_on is not null

    union all

    select
        customer_id,
        'asked not to be contacted' as reason,
        cast('9999-12-31' as date) as suppressed_until
    from answers
    where refuses_contact

),

final as (

    select
        customer_id,
        reason,
        suppressed_until
    from reasons
    where suppressed_until >= {{ activation.as_of() }}
    qualify row_number() over (
        partition by customer_id
        order by suppressed_until desc, reason asc
    ) = 1

)

select * from final
