{#- Grain: an audience and a day. Members are running sums of what changed each day, so the work
    grows with the changes, and not with members times days. -#}
with

syncs as (

    {{ activation._log(
        source('activation_state', 'syncs'), texts=['sync', 'kind']
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

numbers as (

    {{ activation._day_numbers() }}

),

days as (

    select
        audiences.sync,
        audiences.kind,
        audiences.first_day,
        {{ activation._add_days('audiences.first_day', 'numbers.number') }} as day
    from audiences
    cross join numbers
    where
        numbers.number
        <= {{ dbt.datediff('audiences.first_day', activation._last_day(), 'day') | trim }}

),

settled as (

    {{ activation._last_settled(ref('activation__runs')) }}

),

-- Both days of a pair are seven apart; one stay is a pair with itself.
both_days as (

    select
        earlier.sync,
        case
            when {{ activation._add_days('earlier.first_day', 7) }} >= later.first_day
                then {{ activation._add_days('earlier.first_day', 7) }}
            else later.first_day
        end as first_day,
        case
            when {{ activation._add_days('earlier.end_day', 7) }} <= later.end_day
                then {{ activation._add_days('earlier.end_day', 7) }}
            else later.end_day
        end as end_day
    from stays as earlier
    inner join stays as later
        on
            earlier.sync = later.sync
            and earlier.identity = later.identity
            and earlier.first_day <= later.first_day

),

moments as (

    select
        sync,
        first_day as day,
        1 as more_members,
        0 as more_stayed,
        0 as entries,
        0 as returns,
        0 as exits
    from stays
    union all
    select
        sync,
        end_day as day,
        -1 as more_members,
        0 as more_stayed,
        0 as entries,
        0 as returns,
        0 as exits
    from stays
    union all
    select
        sync,
        first_day as day,
        0 as more_members,
        1 as more_stayed,
        0 as entries,
        0 as returns,
        0 as exits
    from both_days
    where first_day < end_day
    union all
    select
        sync,
        end_day as day,
        0 as more_members,
        -1 as more_stayed,
        0 as entries,
        0 as returns,
        0 as exits
    from both_days
    where first_day < end_day
    union all
    select
        sync,
        cast(entered_at as date) as day,
        0 as more_members,
        0 as more_stayed,
        1 as entries,
        case when stay > 1 then 1 else 0 end as returns,
        0 as exits
    from {{ ref('activation__memberships') }}
    where entered_at is not null
    union all
    select
        sync,
        cast(exited_at as date) as day,
        0 as more_members,
        0 as more_stayed,
        0 as entries,
        0 as returns,
        1 as exits
    from {{ ref('activation__memberships') }}
    where exited_at is not null

),

steps as (

    select
        sync,
        day,
        sum(more_members) as more_members,
        sum(more_stayed) as more_stayed,
        sum(entries) as entries,
        sum(returns) as returns,
        sum(exits) as exits
    from moments
    group by sync, day

),

counted as (

    select
        days.sync,
        days.kind,
        days.day,
        settled.model_rows,
        coalesce(steps.entries, 0) as entries,
        coalesce(steps.returns, 0) as returns,
        coalesce(steps.exits, 0) as exits,
        sum(coalesce(steps.more_members, 0)) over (
            partition by days.sync
            order by days.day
            rows between unbounded preceding and current row
        ) as members,
        sum(coalesce(steps.more_stayed, 0)) over (
            partition by days.sync
            order by days.day
            rows between unbounded preceding and current row
        ) as stayed,
        sum(coalesce(steps.exits, 0)) over (
            partition by days.sync
            order by days.day
            rows between 6 preceding and current row
        ) as exits_in_week
    from days
    left join steps on days.sync = steps.sync and days.day = steps.day
    left join settled
        on days.sync = settled.sync and days.day = settled.day

),

compared as (

    select
        *,
        lag(members, 7) over (
            partition by sync
            order by day
        ) as members_week_ago
    from counted

),

final as (

    select
        sync,
        kind,
        day,
        model_rows,
        cast(members as bigint) as members,
        cast(entries as bigint) as entries,
        cast(returns as bigint) as returns,
        cast(exits as bigint) as exits,
        cast(members_week_ago as bigint) as members_week_ago,
        cast(
            case when members_week_ago is not null then exits_in_week end as bigint
        ) as exits_in_week,
        cast(case when members_week_ago is not null then stayed end as bigint) as stayed,
        {{ activation._as_double('exits_in_week') }}
        / nullif(members_week_ago, 0) as churn_share,
        {{ activation._as_double('stayed') }} / nullif(members_week_ago, 0) as stay_share
    from compared

)

select * from final
