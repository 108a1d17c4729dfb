{#- A select that judges amounts of a day against the same weekdays of up to eight weeks before:
    one row for each row of `judged`, with `expected`, `score`, `history_days` and `verdict`.

    `daily` and `judged` are relations with the columns series, day and amount, one row for each
    series and day. A day without a row is unknown, not zero; the judged day is no part of its own
    history. Whole weeks count. Verdicts: `learning` below 14 days of history; `note` from 14 and
    `alarm` from 28 for what is far outside the usual spread and at least 20 away, a fall to zero
    among it (a note, only if also off by a factor of two); else `usual`.

    The score is how many times the usual spread the logarithms lie apart; far is beyond 4. -#}
{% macro volume_verdicts(daily, judged) -%}
    {%- set days_ago = dbt.datediff('earlier.day', 'judged.day', 'day') | trim -%}
    with

    begun as (

        select
            series,
            min(day) as first_day
        from {{ daily }}
        group by series

    ),

    judged_days as (

        select
            judged.series,
            judged.day,
            {{ activation._as_double('judged.amount') }} as amount,
            case
                when {{ dbt.datediff('begun.first_day', 'judged.day', 'day') | trim }} >= 56 then 56
                else 7 * floor(
                    {{ dbt.datediff('begun.first_day', 'judged.day', 'day') | trim }} / 7.0
                )
            end as history_days
        from {{ judged }} as judged
        left join begun on judged.series = begun.series

    ),

    earlier_days as (

        select
            judged.series,
            judged.day as judged_day,
            mod({{ days_ago }}, 7) as weekday,
            ln({{ activation._as_double('earlier.amount') }} + 1) as level
        from judged_days as judged
        inner join {{ daily }} as earlier on judged.series = earlier.series
        where {{ days_ago }} >= 1 and {{ days_ago }} <= judged.history_days

    ),

    ranked as (

        select
            series,
            judged_day,
            weekday,
            level,
            row_number() over (
                partition by series, judged_day, weekday
                order by level
            ) as position,
            count(*) over (partition by series, judged_day, weekday) as size
        from earlier_days

    ),

    weekdays as (

        select
            series,
            judged_day,
            weekday,
            avg(level) as centre
        from ranked
        where 2 * position >= size and 2 * position <= size + 2
        group by series, judged_day, weekday

    ),

    distances as (

        select
            earlier_days.series,
            earlier_days.judged_day,
            abs(earlier_days.level - weekdays.centre) as distance
        from earlier_days
        inner join weekdays
            on
                earlier_days.series = weekdays.series
                and earlier_days.judged_day = weekdays.judged_day
                and earlier_days.weekday = weekdays.weekday

    ),

    ranked_distances as (

        select
            series,
            judged_day,
            distance,
            row_number() over (
                partition by series, judged_day
                order by distance
            ) as position,
            count(*) over (partition by series, judged_day) as size
        from distances

    ),

    spreads as (

        select
            series,
            judged_day,
            1.4826 * avg(distance) as plain_spread
        from ranked_distances
        where 2 * position >= size and 2 * position <= size + 2
        group by series, judged_day

    ),

    expectations as (

        select
            judged.series,
            judged.day,
            judged.amount,
            judged.history_days,
            weekdays.centre,
            exp(weekdays.centre) - 1 as expected,
            spreads.plain_spread * case
                when judged.history_days >= 56 then 1.25
                when judged.history_days >= 28 then 1.5
                else 2.0
            end as noise,
            1.25 / sqrt(case
                when exp(weekdays.centre) - 1 > 1 then exp(weekdays.centre) - 1
                else 1
            end) as chance
        from judged_days as judged
        left join weekdays
            on
                judged.series = weekdays.series
                and judged.day = weekdays.judged_day
                and weekdays.weekday = 0
        left join spreads
            on judged.series = spreads.series and judged.day = spreads.judged_day

    ),

    scored as (

        select
            series,
            day,
            amount,
            expected,
            history_days,
            (ln(amount + 1) - centre) / case
                when noise >= 0.1 and noise >= chance then noise
                when chance >= 0.1 then chance
                else 0.1
            end as score
        from expectations

    ),

    placed as (

        select
            series,
            day,
            amount,
            expected,
            score,
            history_days,
            (abs(score) > 4 and abs(amount - expected) >= 20)
            or (amount = 0 and expected >= 20) as is_far,
            amount >= 2 * expected or 2 * amount <= expected as is_off_by_two
        from scored

    )

    select
        series,
        day,
        amount,
        expected,
        score,
        history_days,
        case
            when score is null or coalesce(history_days, 0) < 14 then 'learning'
            when is_far and history_days >= 28 then 'alarm'
            when is_far and is_off_by_two then 'note'
            else 'usual'
        end as verdict
    from placed
{%- endmacro %}
