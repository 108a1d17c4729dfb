{#- Grain: a sync and a day with a run that made a plan. -#}
with

deliveries as (

    {{ activation._log(
        source('activation_state', 'deliveries'),
        texts=['run_id', 'sync', 'outcome'],
        moments=['delivered_at']
    ) }}

),

runs as (

    select
        *,
        undecided + not_attempted as unfinished,
        row_number() over (
            partition by sync, day
            order by started_at desc
        ) as recency,
        sum(case when undecided + not_attempted = 0 then 1 else 0 end) over (
            partition by sync
            order by started_at
            rows between unbounded preceding and current row
        ) as finished_runs
    from {{ ref('activation__runs') }}
    where is_settled or model_rows + removals > 0

),

dated as (

    select
        *,
        min(case when unfinished > 0 then started_at end) over (
            partition by sync, finished_runs
        ) as waiting_since,
        case
            when day = {{ activation._last_day() }} then {{ activation.as_of_time() }}
            else {{ activation._as_moment(activation._add_days('day', 1)) }}
        end as day_end
    from runs

),

items as (

    select
        runs.sync,
        runs.day,
        {{ dbt.datediff('runs.started_at', 'deliveries.delivered_at', 'second') | trim }} as seconds,
        1 as acknowledged,
        0 as unfinished
    from deliveries
    inner join runs
        on deliveries.run_id = runs.run_id and deliveries.sync = runs.sync
    where
        deliveries.outcome = 'delivered'
        and deliveries.delivered_at >= runs.started_at
        and deliveries.delivered_at < {{ activation.as_of_time() }}
    union all
    select
        sync,
        day,
        {{ dbt.datediff('waiting_since', 'day_end', 'second') | trim }} as seconds,
        0 as acknowledged,
        unfinished
    from dated
    where recency = 1 and unfinished > 0

),

grouped as (

    select
        sync,
        day,
        seconds,
        sum(acknowledged) as acknowledged,
        sum(unfinished) as unfinished
    from items
    group by sync, day, seconds

),

ranked as (

    select
        *,
        sum(acknowledged + unfinished) over (
            partition by sync, day
            order by seconds
            rows between unbounded preceding and current row
        ) as rank_so_far,
        sum(acknowledged + unfinished) over (partition by sync, day) as items
    from grouped

),

percentiles as (

    select
        sync,
        day,
        sum(acknowledged) as acknowledged,
        sum(unfinished) as unfinished,
        min(case when rank_so_far * 100 >= items * 50 then seconds end) as p50_seconds,
        min(
            case when items >= 20 and rank_so_far * 100 >= items * 95 then seconds end
        ) as p95_seconds,
        max(seconds) as max_seconds
    from ranked
    group by sync, day

),

final as (

    select
        runs.sync,
        runs.day,
        cast(coalesce(percentiles.acknowledged, 0) as bigint) as acknowledged,
        cast(coalesce(percentiles.unfinished, 0) as bigint) as unfinished,
        {{ activation._as_double('percentiles.p50_seconds') }} as p50_seconds,
        {{ activation._as_double('percentiles.p95_seconds') }} as p95_seconds,
        {{ activation._as_double('percentiles.max_seconds') }} as max_seconds
    from runs
    left join percentiles on runs.sync = percentiles.sync and runs.day = percentiles.day
    where runs.recency = 1

)

select * from final
