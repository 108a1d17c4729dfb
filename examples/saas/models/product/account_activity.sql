{#- Grain: one customer and day of the last four weeks, with the sessions of the week that ends
    there and of the four weeks before that one. -#}
with

days as (

    {% for days_ago in range(28) -%}
        select {{ activation.as_of(days_ago) }} as seen_on
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

accounts as (

    select account_id
    from {{ ref('stg_accounts') }}

),

sessions as (

    select
        account_id,
        cast(occurred_at as date) as used_on,
        count(*) as session_count
    from {{ ref('stg_product_events') }}
    where event = 'session_started'
    group by account_id, cast(occurred_at as date)

),

final as (

    select
        accounts.account_id,
        days.seen_on,
        cast(
            coalesce(
                sum(case when days.seen_on - 7 < sessions.used_on then sessions.session_count end),
                0
            ) as integer
        ) as week_sessions,
        cast(
            coalesce(
                sum(case when days.seen_on - 7 >= sessions.used_on then sessions.session_count end),
                0
            ) as integer
        ) as prior_sessions
    from accounts
    cross join days
    left join sessions
        on
            accounts.account_id = sessions.account_id
            and days.seen_on >= sessions.used_on
            and days.seen_on - 35 < sessions.used_on
    group by accounts.account_id, days.seen_on

)

select * from final
