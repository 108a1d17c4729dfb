{#- Grain: an audience, a day and a reason that has members. -#}
with

acknowledged as (

    select
        sync,
        identity,
        op,
        coalesce(reason, '(none)') as reason,
        cast(delivered_at as date) as day,
        cast(lead(delivered_at) over (
            partition by sync, identity
            order by epoch, seq
        ) as date) as next_day
    from {{ ref('activation__membership_changes') }}
    where delivered_at < {{ activation.as_of_time() }}

),

with_reasons as (

    select sync
    from acknowledged
    where op <> 'remove'
    group by sync
    having max(case when reason = '(none)' then 0 else 1 end) = 1

),

inside as (

    select
        acknowledged.sync,
        acknowledged.reason,
        acknowledged.day as first_day,
        coalesce(acknowledged.next_day, {{ activation._last_day(-1) }}) as end_day
    from acknowledged
    inner join with_reasons on acknowledged.sync = with_reasons.sync
    where acknowledged.op <> 'remove'

),

moments as (

    select
        sync,
        reason,
        first_day as day,
        1 as more_members
    from inside
    where first_day < end_day
    union all
    select
        sync,
        reason,
        end_day as day,
        -1 as more_members
    from inside
    where first_day < end_day

),

steps as (

    select
        sync,
        reason,
        day,
        sum(more_members) as more_members
    from moments
    group by sync, reason, day

),

begun as (

    select
        sync,
        reason,
        min(day) as first_day
    from steps
    group by sync, reason

),

numbers as (

    {{ activation._day_numbers() }}

),

days as (

    select
        begun.sync,
        begun.reason,
        {{ activation._add_days('begun.first_day', 'numbers.number') }} as day
    from begun
    cross join numbers
    where
        numbers.number
        <= {{ dbt.datediff('begun.first_day', activation._last_day(), 'day') | trim }}

),

counted as (

    select
        days.sync,
        days.reason,
        days.day,
        sum(coalesce(steps.more_members, 0)) over (
            partition by days.sync, days.reason
            order by days.day
            rows between unbounded preceding and current row
        ) as members
    from days
    left join steps
        on days.sync = steps.sync and days.reason = steps.reason and days.day = steps.day

),

final as (

    select
        sync,
        reason,
        day,
        cast(members as bigint) as members,
        {{ activation._as_double('members') }}
        / sum(members) over (partition by sync, day) as share
    from counted
    where members > 0

)

select * from final
