{#- Grain: a comparison of what a destination holds with what a sync has sent. -#}
with

checks as (

    {{ activation._log(
        source('activation_state', 'checks'),
        texts=['run_id', 'sync', 'differing_traits'],
        numbers=['sent', 'found', 'matched'],
        moments=['checked_at']
    ) }}

),

runs as (

    select
        sync,
        destination,
        row_number() over (
            partition by sync
            order by started_at desc
        ) as recency
    from {{ ref('activation__runs') }}

),

final as (

    select
        checks.run_id,
        checks.sync,
        runs.destination,
        checks.differing_traits,
        cast(checks.checked_at as date) as day,
        checks.sent as checked,
        checks.found,
        checks.matched,
        checks.sent - checks.found as missing,
        checks.found - checks.matched as differing,
        {{ activation._as_double('checks.matched') }} / nullif(checks.sent, 0) as match_rate,
        checks.checked_at
    from checks
    left join runs on checks.sync = runs.sync and runs.recency = 1
    where checks.checked_at < {{ activation.as_of_time() }}

)

select * from final
