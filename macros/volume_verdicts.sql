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

    compared as (

        select
            judged.series,
            judged.day,
            judged.amount,
            judged.history_days,
            mod({{ days_ago }}, 7) as weekday,
            ln({{ activation._as_double('earlier.amount') }} + 1) as level
        from judged_days as judged
        left join {{ daily }} as earlier
            on
                judged.series = earlier.series
                and {{ days_ago }} >= 1
                and {{ days_ago }} <= judged.history_days

    ),

    ranked as (

        select
            *,
            row_number() over (
                partition by series, day, weekday
                order by level
            ) as position,
            count(*) over (partition by series, day, weekday) as size
        from compared

    ),

    centred as (

        select
            series,
            day,
            amount,
            history_days,
            weekday,
            level,
            avg(case when 2 * position >= size and 2 * position <= size + 2 then level end) over (
                partition by series, day, weekday
            ) as centre
        from ranked

    ),

    ranked_distances as (

        select
            *,
            abs(level - centre) as distance,
            row_number() over (
                partition by series, day
                order by abs(level - centre)
            ) as position,
            count(*) over (partition by series, day) as size
        from centred

    ),

    usual as (

        select
            series,
            day,
            amount,
            history_days,
            max(case when weekday = 0 then centre end) as centre,
            1.4826 * avg(
                case when 2 * position >= size and 2 * position <= size + 2 then distance end
            ) as plain_spread
        from ranked_distances
        group by series, day, amount, history_days

    ),

    expectations as (

        select
            *,
            exp(centre) - 1 as expected,
            plain_spread * case
                when history_days >= 56 then 1.25
                when history_days >= 28 then 1.5
                else 2.0
            end as noise,
            1.25 / sqrt(case when exp(centre) - 1 > 1 then exp(centre) - 1 else 1 end) as chance
        from usual

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
