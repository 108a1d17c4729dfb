{#- Grain: two segments of a destination and one of the last 91 days. -#}
with

syncs as (

    {{ activation._log(
        source('activation_state', 'syncs'), texts=['sync', 'kind', 'destination', 'identity']
    ) }}

),

audiences as (

    {{ activation._audiences(
        ref('activation__runs'), ref('activation__membership_changes'), 'syncs'
    ) }}

),

stays as (

    {{ activation._stay_days(ref('activation__memberships'), 'audiences') }}

),

pairs as (

    select
        one.destination,
        one.sync as first_sync,
        other.sync as second_sync
    from syncs as one
    inner join syncs as other
        on
            one.destination = other.destination
            and one.identity = other.identity
            and one.sync < other.sync
    where one.kind = 'segment' and other.kind = 'segment'

),

together as (

    select
        pairs.first_sync,
        pairs.second_sync,
        case
            when one.first_day >= other.first_day then one.first_day
            else other.first_day
        end as first_day,
        case when one.end_day <= other.end_day then one.end_day else other.end_day end as end_day
    from pairs
    inner join stays as one on pairs.first_sync = one.sync
    inner join stays as other
        on
            pairs.second_sync = other.sync
            and one.identity = other.identity
            and one.first_day < other.end_day
            and other.first_day < one.end_day

),

moments as (

    select
        first_sync,
        second_sync,
        first_day as day,
        1 as more_members
    from together
    union all
    select
        first_sync,
        second_sync,
        end_day as day,
        -1 as more_members
    from together

),

steps as (

    select
        first_sync,
        second_sync,
        day,
        sum(more_members) as more_members
    from moments
    group by first_sync, second_sync, day

),

sizes as (

    select
        sync,
        day,
        members
    from {{ ref('activation__audience_sizes') }}

),

counted as (

    select
        pairs.destination,
        pairs.first_sync,
        pairs.second_sync,
        one.day,
        one.members as first_members,
        other.members as second_members,
        sum(coalesce(steps.more_members, 0)) over (
            partition by pairs.first_sync, pairs.second_sync
            order by one.day
            rows between unbounded preceding and current row
        ) as in_both,
        {{ activation._as_double(
            'case when one.members <= other.members then one.members else other.members end'
        ) }} as smaller
    from pairs
    inner join sizes as one on pairs.first_sync = one.sync
    inner join sizes as other on pairs.second_sync = other.sync and one.day = other.day
    left join steps
        on
            pairs.first_sync = steps.first_sync
            and pairs.second_sync = steps.second_sync
            and one.day = steps.day

),

judged as (

    select
        *,
        in_both / nullif(smaller, 0) as containment
    from counted

),

final as (

    select
        destination,
        first_sync,
        second_sync,
        day,
        {{ activation._as_text(
            "case when containment >= 0.95 and smaller > 50 then 'note' else 'usual' end"
        ) }} as verdict,
        first_members,
        second_members,
        cast(in_both as bigint) as in_both,
        {{ activation._as_double('in_both') }}
        / nullif(first_members + second_members - in_both, 0) as jaccard,
        {{ activation._as_double('containment') }} as containment
    from judged
    where day >= {{ activation._last_day(90) }}

)

select * from final
