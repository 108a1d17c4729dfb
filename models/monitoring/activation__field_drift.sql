{#- Grain: a field of a sync and a day with a comparison. -#}
with

fields as (

    {{ activation._log(
        source('activation_state', 'checked_fields'),
        texts=['sync', 'field'],
        numbers=['held', 'missing', 'differing'],
        moments=['checked_at']
    ) }}

),

ranked as (

    select
        *,
        cast(checked_at as date) as day,
        row_number() over (
            partition by sync, field, cast(checked_at as date)
            order by checked_at desc
        ) as recency,
        max(case when missing < held then 1 else 0 end) over (
            partition by sync, field, cast(checked_at as date)
        ) as was_shown
    from fields
    where checked_at < {{ activation.as_of_time() }}

),

daily as (

    select
        *,
        {{ activation._as_double('missing') }} / nullif(held, 0) as missing_share,
        {{ activation._as_double('differing') }} / nullif(held, 0) as differing_share
    from ranked
    where recency = 1

),

final as (

    select
        sync,
        field,
        day,
        {{ activation._as_text("case
            when held < 10 then 'learning'
            when missing = held then 'alarm'
            when missing_share >= 0.5 then 'note'
            else 'usual'
        end") }} as verdict,
        held,
        missing,
        differing,
        missing_share,
        differing_share,
        max(case when was_shown = 1 then day end) over (
            partition by sync, field
            order by day
            rows between unbounded preceding and current row
        ) as last_shown_on
    from daily

)

select * from final
