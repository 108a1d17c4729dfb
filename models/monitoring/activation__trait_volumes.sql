{#- Grain: a trait of a sync and a day on which a run delivered it. -#}
with

deliveries as (

    {{ activation._log(
        source('activation_state', 'deliveries'),
        texts=['run_id', 'sync', 'op', 'cause', 'changed', 'outcome'],
        moments=['delivered_at']
    ) }}

),

traits as (

    {{ activation._traits() }}

),

runs as (

    select * from {{ ref('activation__runs') }}

),

daily as (

    select
        sync,
        day,
        cast(sum(delivered) as bigint) as delivered,
        cast(sum(requests) as bigint) as requests,
        cast(sum(bytes_sent) as bigint) as bytes_sent
    from runs
    group by sync, day

),

patterns as (

    select
        runs.sync,
        runs.model,
        runs.destination,
        runs.day,
        deliveries.changed,
        count(*) as deliveries,
        sum(case when deliveries.cause = 'changed' then 1 else 0 end) as changes
    from deliveries
    inner join runs on deliveries.run_id = runs.run_id and deliveries.sync = runs.sync
    where
        deliveries.outcome = 'delivered'
        and deliveries.op in ('add', 'change')
        and deliveries.delivered_at < {{ activation.as_of_time() }}
    group by runs.sync, runs.model, runs.destination, runs.day, deliveries.changed

),

counted as (

    select
        model,
        destination,
        count(*) as traits
    from traits
    group by model, destination

),

travelled as (

    select
        patterns.sync,
        traits.trait,
        patterns.day,
        patterns.deliveries,
        patterns.changes,
        case
            when
                patterns.changed = traits.trait || ','
                or (patterns.changed = '*' and counted.traits = 1)
                then patterns.changes
            else 0
        end as changes_alone
    from patterns
    inner join traits
        on patterns.model = traits.model and patterns.destination = traits.destination
    inner join counted
        on traits.model = counted.model and traits.destination = counted.destination
    where
        patterns.changed = '*'
        or {{ dbt.position("',' || traits.trait || ','", "',' || patterns.changed") | trim }} > 0

),

all_changes as (

    select
        sync,
        day,
        sum(changes) as changes
    from patterns
    group by sync, day

),

sums as (

    select
        sync,
        trait,
        day,
        cast(sum(deliveries) as bigint) as deliveries,
        cast(sum(changes) as bigint) as changes,
        cast(sum(changes_alone) as bigint) as changes_alone
    from travelled
    group by sync, trait, day

),

final as (

    select
        sums.sync,
        {{ activation._as_text('sums.trait') }} as trait,
        sums.day,
        sums.deliveries,
        sums.changes,
        sums.changes_alone,
        {{ activation._as_double('sums.changes') }}
        / nullif(all_changes.changes, 0) as change_share,
        {{ activation._as_double('sums.changes_alone') }} * daily.requests
        / nullif(daily.delivered, 0) as requests_alone,
        {{ activation._as_double('sums.changes_alone') }} * daily.bytes_sent
        / nullif(daily.delivered, 0) as bytes_alone
    from sums
    inner join daily on sums.sync = daily.sync and sums.day = daily.day
    inner join all_changes on sums.sync = all_changes.sync and sums.day = all_changes.day

)

select * from final
