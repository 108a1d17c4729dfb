{#- A select of `results`, as of _lift(), with a row also for holdouts of which no window has
    closed, what all people who were drawn say of the split, and which row has the verdict of
    its holdout: see the model activation__lift. -#}
{% macro _lift_verdicts(results, people, days, holdouts) -%}
    with

    totals as (

        select
            holdout,
            max(case when value is not null then 1 else 0 end) as has_value,
            count(*) as people,
            count(case when arm = 'treated' and not is_closed then 1 end) as open1,
            count(case when arm = 'control' and not is_closed then 1 end) as open0
        from {{ people }}
        group by holdout

    ),

    begun as (

        select
            holdout,
            case
                when min(day) > {{ activation.as_of(28) }}
                    then {{ dbt.datediff('min(day)', activation.as_of(), 'day') | trim }} + 1
                else 28
            end as known_days
        from {{ days }}
        group by holdout

    ),

    latest as (

        select
            holdout,
            drawn_percent,
            max(day) as day
        from {{ days }}
        group by holdout, drawn_percent

    ),

    wrong as (

        select
            days.holdout,
            days.drawn_percent
        from {{ days }} as days
        inner join latest
            on
                days.holdout = latest.holdout
                and days.drawn_percent = latest.drawn_percent
                and days.day = latest.day
        where days.is_split_off

    ),

    off_since as (

        select
            days.holdout,
            min(days.day) as split_off_since
        from {{ days }} as days
        inner join wrong on days.holdout = wrong.holdout and days.drawn_percent = wrong.drawn_percent
        where days.is_split_off
        group by days.holdout

    ),

    recent as (

        select
            holdout,
            day,
            sum(treated + control) as new_people
        from {{ days }}
        where day > {{ activation.as_of(28) }}
        group by holdout, day

    ),

    ranked_days as (

        select
            recent.holdout,
            recent.new_people,
            begun.known_days,
            row_number() over (partition by recent.holdout order by recent.new_people)
            + begun.known_days - count(*) over (partition by recent.holdout) as place
        from recent
        inner join begun on recent.holdout = begun.holdout

    ),

    paces as (

        select
            holdout,
            sum(
                new_people * (
                    case when 2 * place >= known_days and 2 * place < known_days + 2 then 1 else 0 end
                    + case when 2 * place > known_days and 2 * place <= known_days + 2 then 1 else 0 end
                )
            ) / 2.0 as people_a_day
        from ranked_days
        group by holdout

    ),

    controls_reached as (

        select
            holdout,
            reached_by,
            reached_in,
            reached_at,
            count(*) over (partition by holdout, reached_by) as people_of_sync
        from {{ people }}
        where arm = 'control' and is_kept and is_reached

    ),

    leaks as (

        select
            holdout,
            reached_by,
            reached_in,
            row_number() over (
                partition by holdout
                order by people_of_sync desc, reached_by, reached_at desc
            ) as place
        from controls_reached

    ),

    draws as (

        select
            holdout,
            max(announced_people) as announced_people,
            sum(treated) as drawn1,
            sum(control) as drawn0,
            sum(prior) as prior,
            sum(excluded) as excluded
        from {{ days }}
        group by holdout

    ),

    listed as (

        select
            holdout,
            'early' as reading,
            'rate' as measure
        from draws
        union all
        select
            holdout,
            'early' as reading,
            'value' as measure
        from totals
        where has_value = 1
        union all
        select
            holdout,
            reading,
            measure
        from {{ results }}
        where reading = 'planned'

    ),

    joined as (

        select
            listed.holdout,
            listed.reading,
            listed.measure,
            listed.measure = case
                {%- for holdout in holdouts if holdout.measure != 'rate' %}
                when listed.holdout = {{ activation._text(holdout.name) }}
                    then {{ activation._text(holdout.measure) }}
                {%- endfor %}
                when listed.holdout is not null then 'rate'
            end as is_test,
            case
                when off_since.holdout is not null then 'split_is_off'
                else coalesce(results.verdict, 'no_windows_closed')
            end as verdict,
            results.refusal,
            draws.announced_people,
            draws.drawn1,
            draws.drawn0,
            draws.prior,
            draws.excluded,
            coalesce(totals.people, 0) as people,
            coalesce(totals.open1, 0) as open1,
            coalesce(totals.open0, 0) as open0,
            {%- for name in ['closed1', 'closed0', 'strata', 'dropped_strata'] %}
            coalesce(results.{{ name }}, 0) as {{ name }},
            {%- endfor %}
            {%- for name in ['n1', 'x1', 'n0', 'x0'] %}
            coalesce(results.{{ name }}, 0) as {{ name }},
            {%- endfor %}
            {%- for name in ['reached1', 'reached0', 'treated_mean', 'control_mean', 'difference'] %}
            results.{{ name }},
            {%- endfor %}
            {%- for name in ['lower_limit', 'upper_limit', 'relative_lower', 'relative_upper',
                'reached_lower_limit', 'reached_upper_limit'] %}
            case when off_since.holdout is null then results.{{ name }} end as {{ name }},
            {%- endfor %}
            {%- for name in ['relative_difference', 'reached_difference', 'detectable', 'cut',
                'skewness', 'is_adjusted', 'uncut_difference', 'difference_before', 'error_before', 'z'] %}
            results.{{ name }},
            {%- endfor %}
            leaks.reached_by as control_reached_by,
            leaks.reached_in as control_reached_in,
            off_since.split_off_since,
            coalesce(paces.people_a_day, 0) as people_a_day,
            {{ activation.as_of_time() }} as as_of
        from listed
        inner join draws on listed.holdout = draws.holdout
        left join totals on listed.holdout = totals.holdout
        left join leaks on listed.holdout = leaks.holdout and leaks.place = 1
        left join paces on listed.holdout = paces.holdout
        left join off_since on listed.holdout = off_since.holdout
        left join {{ results }} as results
            on
                listed.holdout = results.holdout
                and listed.reading = results.reading
                and listed.measure = results.measure

    ),

    ranked as (

        select
            joined.*,
            row_number() over (
                partition by holdout, is_test
                order by
                    case
                        when verdict = 'split_is_off' then 1
                        when verdict = 'arms_differed_before' then 2
                        when verdict in ('higher', 'lower') and reading = 'planned' then 3
                        when verdict in ('higher', 'lower') then 4
                        when reading = 'planned' then 5
                        else 6
                    end,
                    reading desc
            ) as place
        from joined

    )

    select
        ranked.*,
        is_test and place = 1 as is_verdict
    from ranked
{%- endmacro %}
