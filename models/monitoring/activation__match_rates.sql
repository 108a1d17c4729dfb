{#- Grain: a destination and a day with a comparison. -#}
with

read_backs as (

    select
        destination,
        day,
        checked,
        found,
        matched,
        {{ activation._is_ignored('sync', 'day') }} as is_ignored
    from {{ ref('activation__read_backs') }}
    where destination is not null

),

daily as (

    select
        destination,
        day,
        cast(sum(checked) as bigint) as checked,
        cast(sum(found) as bigint) as found,
        cast(sum(matched) as bigint) as matched,
        cast(sum(case when is_ignored then 0 else checked end) as bigint) as counted_checked,
        cast(sum(case when is_ignored then 0 else matched end) as bigint) as counted_matched
    from read_backs
    group by destination, day

),

baselines as (

    select
        daily.destination,
        daily.day,
        nullif(cast(sum(earlier.counted_checked) as bigint), 0) as checked,
        {{ activation._as_double('sum(earlier.counted_matched)') }}
        / nullif(sum(earlier.counted_checked), 0) as rate
    from daily
    inner join daily as earlier
        on
            daily.destination = earlier.destination
            and earlier.day < daily.day
            and earlier.day >= {{ activation._add_days('daily.day', -28) }}
    group by daily.destination, daily.day

),

measured as (

    select
        daily.destination,
        daily.day,
        daily.checked,
        daily.found,
        daily.matched,
        {{ activation._as_double('daily.matched') }} / nullif(daily.checked, 0) as match_rate,
        baselines.checked as baseline_checked,
        baselines.rate as baseline_rate
    from daily
    left join baselines
        on daily.destination = baselines.destination and daily.day = baselines.day

),

scored as (

    select
        *,
        (baseline_rate - match_rate) / sqrt(
            baseline_rate * (1 - baseline_rate) * (
                1 / {{ activation._as_double('nullif(checked, 0)') }}
                + 1 / {{ activation._as_double('baseline_checked') }}
            ) + 0.0001
        ) as score
    from measured

),

final as (

    select
        destination,
        day,
        {{ activation._as_text("case
            when baseline_rate is null then 'learning'
            when checked >= 50 and baseline_rate - match_rate >= 0.02 and score > 3.29 then 'alarm'
            else 'usual'
        end") }} as verdict,
        checked,
        found,
        matched,
        match_rate,
        baseline_checked,
        baseline_rate,
        {{ activation._as_double('score') }} as score
    from scored

)

select * from final
