{#- Grain: a measure of a sync and one of the last 91 days. -#}
{%- set measures = ['adds', 'changes', 'removes', 'model_rows'] -%}
with

settled as (

    select
        sync,
        day,
        adds,
        changes,
        removes,
        is_baseline,
        case
            when row_number() over (
                partition by sync, day
                order by started_at desc
            ) = 1 then model_rows
        end as model_rows
    from {{ ref('activation__runs') }}
    where is_settled

),

sums as (

    select
        sync,
        day,
        {%- for measure in measures %}
        cast(sum({{ measure }}) as bigint) as {{ measure }},
        {%- endfor %}
        min(case when is_baseline then 1 else 0 end) as is_counted
    from settled
    group by sync, day

),

amounts as (

    {%- for measure in measures %}
    select
        sync,
        '{{ measure }}' as measure,
        sync || ' {{ measure }}' as series,
        day,
        {{ measure }} as amount,
        is_counted
    from sums
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

daily as (

    select
        series,
        day,
        amount
    from amounts
    where is_counted = 1

),

judged as (

    select
        series,
        day,
        amount
    from daily
    where day >= {{ activation._last_day(90) }}

),

verdicts as (

    {{ activation.volume_verdicts('daily', 'judged') }}

),

final as (

    select
        amounts.sync,
        {{ activation._as_text('amounts.measure') }} as measure,
        amounts.day,
        {{ activation._as_text("coalesce(verdicts.verdict, 'excluded')") }} as verdict,
        cast(verdicts.history_days as integer) as history_days,
        {{ activation._as_double('amounts.amount') }} as amount,
        {{ activation._as_double('verdicts.expected') }} as expected,
        {{ activation._as_double('verdicts.score') }} as score
    from amounts
    left join verdicts on amounts.series = verdicts.series and amounts.day = verdicts.day
    where amounts.day >= {{ activation._last_day(90) }}

)

select * from final
