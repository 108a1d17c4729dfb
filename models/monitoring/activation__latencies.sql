{#- Grain: a hop of a sync and a day with a run that made a plan. -#}
{%- set hops = [
    ('event_to_build', 'occurred_at', 'built_at'),
    ('build_to_run', 'built_at', 'started_at'),
    ('run_to_acknowledgement', 'started_at', 'delivered_at'),
    ('build_to_acknowledgement', 'built_at', 'delivered_at'),
    ('event_to_acknowledgement', 'occurred_at', 'delivered_at'),
] -%}
{%- set waits = {
    'run_to_acknowledgement': 'waiting_since', 'build_to_acknowledgement': 'build_waiting_since'
} -%}
with

deliveries as (

    {{ activation._log(
        source('activation_state', 'deliveries'),
        texts=['run_id', 'sync', 'outcome'],
        moments=['delivered_at', 'occurred_at']
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
        min(case when unfinished > 0 then built_at end) over (
            partition by sync, finished_runs
        ) as build_waiting_since,
        case
            when day = {{ activation._last_day() }} then {{ activation.as_of_time() }}
            else {{ activation._as_moment(activation._add_days('day', 1)) }}
        end as day_end
    from runs

),

delivered as (

    select
        runs.sync,
        runs.day,
        runs.built_at,
        runs.started_at,
        deliveries.occurred_at,
        deliveries.delivered_at
    from deliveries
    inner join runs
        on deliveries.run_id = runs.run_id and deliveries.sync = runs.sync
    where
        deliveries.outcome = 'delivered'
        and deliveries.delivered_at >= runs.started_at
        and deliveries.delivered_at < {{ activation.as_of_time() }}

),

items as (

    {%- for hop, since, until in hops %}
    select
        sync,
        day,
        '{{ hop }}' as hop,
        {{ dbt.datediff(since, until, 'second') | trim }} as seconds,
        1 as acknowledged,
        0 as unfinished
    from delivered
    where {{ since }} <= {{ until }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {%- for hop, since in waits.items() %}
    union all
    select
        sync,
        day,
        '{{ hop }}' as hop,
        {{ dbt.datediff(since, 'day_end', 'second') | trim }} as seconds,
        0 as acknowledged,
        unfinished
    from dated
    where recency = 1 and unfinished > 0 and {{ since }} is not null
    {%- endfor %}

),

grouped as (

    select
        sync,
        day,
        hop,
        seconds,
        sum(acknowledged) as acknowledged,
        sum(unfinished) as unfinished
    from items
    group by sync, day, hop, seconds

),

ranked as (

    select
        *,
        sum(acknowledged + unfinished) over (
            partition by sync, day, hop
            order by seconds
            rows between unbounded preceding and current row
        ) as rank_so_far,
        sum(acknowledged + unfinished) over (partition by sync, day, hop) as items
    from grouped

),

percentiles as (

    select
        sync,
        day,
        hop,
        sum(acknowledged) as acknowledged,
        sum(unfinished) as unfinished,
        min(case when rank_so_far * 100 >= items * 50 then seconds end) as p50_seconds,
        min(
            case when items >= 20 and rank_so_far * 100 >= items * 95 then seconds end
        ) as p95_seconds,
        max(seconds) as max_seconds
    from ranked
    group by sync, day, hop

),

{#- A day on which a run made a plan has its row, also when nothing was to be sent. -#}
every_hop as (

    select
        sync,
        day,
        'run_to_acknowledgement' as hop
    from runs
    where recency = 1
    union all
    select
        sync,
        day,
        hop
    from percentiles
    where hop <> 'run_to_acknowledgement'

),

final as (

    select
        every_hop.sync,
        {{ activation._as_text('every_hop.hop') }} as hop,
        every_hop.day,
        cast(coalesce(percentiles.acknowledged, 0) as bigint) as acknowledged,
        cast(coalesce(percentiles.unfinished, 0) as bigint) as unfinished,
        {{ activation._as_double('percentiles.p50_seconds') }} as p50_seconds,
        {{ activation._as_double('percentiles.p95_seconds') }} as p95_seconds,
        {{ activation._as_double('percentiles.max_seconds') }} as max_seconds
    from every_hop
    left join percentiles
        on
            every_hop.sync = percentiles.sync
            and every_hop.day = percentiles.day
            and every_hop.hop = percentiles.hop

)

select * from final
