{#- Grain: an audience and one of the last 91 days. -#}
{%- set quantiles = [10.8276, 13.8155, 16.2662, 18.4668, 20.5150] -%}
with

mixes as (

    select
        sync,
        reason,
        day,
        members,
        0 as members_week_ago
    from {{ ref('activation__reason_mix') }}
    union all
    select
        sync,
        reason,
        {{ activation._add_days('day', 7) }} as day,
        0 as members,
        members as members_week_ago
    from {{ ref('activation__reason_mix') }}

),

paired as (

    select
        sync,
        reason,
        day,
        sum(members) as members,
        sum(members_week_ago) as members_week_ago
    from mixes
    where day >= {{ activation._last_day(90) }} and day <= {{ activation._last_day() }}
    group by sync, reason, day

),

sums as (

    select
        sync,
        day,
        count(*) as reasons,
        sum(members) as members,
        sum(members_week_ago) as members_week_ago
    from paired
    group by sync, day
    having count(*) >= 2 and sum(members) > 0 and sum(members_week_ago) > 0

),

shares as (

    select
        paired.sync,
        paired.day,
        (paired.members_week_ago + 0.5)
        / {{ activation._as_double('sums.members_week_ago + 0.5 * sums.reasons') }} as before,
        (paired.members + 0.5)
        / {{ activation._as_double('sums.members + 0.5 * sums.reasons') }} as now,
        abs(
            {{ activation._as_double('paired.members_week_ago') }} / sums.members_week_ago
            - {{ activation._as_double('paired.members') }} / sums.members
        ) as distance
    from paired
    inner join sums on paired.sync = sums.sync and paired.day = sums.day

),

distances as (

    select
        sync,
        day,
        sum((before - now) * ln(before / now)) as stability_index,
        0.5 * sum(distance) as moved_share
    from shares
    group by sync, day

),

redefined as (

    select distinct
        sums.sync,
        sums.day
    from sums
    inner join {{ ref('activation__runs') }} as runs
        on
            sums.sync = runs.sync
            and runs.is_settled
            and runs.is_definition_changed
            and runs.day <= sums.day
            and runs.day > {{ activation._add_days('sums.day', -7) }}

),

measured as (

    select
        sums.sync,
        sums.day,
        sums.reasons,
        sums.members,
        sums.members_week_ago,
        distances.stability_index,
        distances.moved_share,
        case sums.reasons
            {%- for quantile in quantiles %}
            when {{ loop.index + 1 }} then {{ quantile }}
            {%- endfor %}
        end * (
            1 / {{ activation._as_double('sums.members_week_ago') }}
            + 1 / {{ activation._as_double('sums.members') }}
        ) as chance_floor,
        redefined.sync is not null
        or {{ activation._is_ignored('sums.sync', 'sums.day') }}
        or {{ activation._is_ignored(
            'sums.sync', activation._add_days('sums.day', -7)
        ) }} as is_excluded
    from sums
    inner join distances on sums.sync = distances.sync and sums.day = distances.day
    left join redefined on sums.sync = redefined.sync and sums.day = redefined.day

),

judged as (

    select
        *,
        case
            when is_excluded then 'excluded'
            when chance_floor is null then 'learning'
            when stability_index > 0.10 and stability_index > chance_floor then 'alarm'
            when stability_index > 0.02 and stability_index > chance_floor then 'note'
            else 'usual'
        end as verdict
    from measured

),

final as (

    select
        sync,
        day,
        {{ activation._as_text('verdict') }} as verdict,
        cast(reasons as integer) as reasons,
        cast(members as bigint) as members,
        cast(members_week_ago as bigint) as members_week_ago,
        {{ activation._as_double('stability_index') }} as stability_index,
        {{ activation._as_double('chance_floor') }} as chance_floor,
        {{ activation._as_double('moved_share') }} as moved_share
    from judged

)

select * from final
