{#- What the sync would have recorded in ten weeks, shaped like `run_syncs`: about a hundred rows
    each day, and for some models only in the last weeks. -#}
with

days as (

    select cast(series.started_at as timestamp) as started_at
    from generate_series(
        cast('2024-03-12' as timestamp), cast('2024-05-20' as timestamp), interval '1 day'
    ) as series (started_at)

),

sizes as (

    select
        model,
        model_rows,
        since
    from {{ ref('usual_sizes') }}

)

select
    sizes.model,
    sizes.model || '__customerio' as sync,
    'success' as status,
    'the same' as definition,
    sizes.model_rows,
    days.started_at
from sizes
inner join days on sizes.since <= cast(days.started_at as date)
