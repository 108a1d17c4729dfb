{#- A select of the result for each holdout, reading and measure: difference, interval and
    verdict. `strata` has the columns of _lift_strata().

    Strata with 50 people or more in each arm count, or all where none has so many; where
    several do, the difference is their mean, weighted by their people, since a changed
    percentage would else mix up groups of other times.

    `verdict`, the first that holds: split_is_off; arms_differed_before (the outcome in the
    window before differs beyond 99.9 %); too_few, with the cause in `refusal` (few_people,
    few_outcomes, uneven_amounts: fewer people than ten times the squared skewness); higher or
    lower; else no_answer_yet in the early reading and not_shown in the planned one. Limits
    are null where the verdict is one of the first three.

    `reached_*` is the effect on a person who was reached, which assumes that nothing happens
    to one who was not (Wald); where the arms differ by a fifth of their people or more in
    that. -#}
{% macro _lift(strata) -%}
    with

    used as (

        select
            strata.*,
            is_counted
            or max(case when is_counted then 1 else 0 end)
                over (partition by holdout, reading, measure) = 0 as is_used
        from {{ strata }} as strata

    ),

    weighted as (

        select
            used.*,
            {{ activation._as_double('n1 + n0') }} / nullif(
                sum(case when is_used then n1 + n0 end)
                    over (partition by holdout, reading, measure),
                0
            ) as weight,
            case
                when measure = 'rate' then m1 * (1 - m1) / nullif(n1, 0) + m0 * (1 - m0) / nullif(n0, 0)
                else adjusted_v1 / nullif(n1, 0) + adjusted_v0 / nullif(n0, 0)
            end as variance
        from used

    ),

    series as (

        select
            holdout,
            reading,
            measure,
            announced_people,
            cut,
            skewness,
            sum(closed1) as closed1,
            sum(closed0) as closed0,
            sum(case when is_used then reached1 end) as reached1,
            sum(case when is_used then reached0 end) as reached0,
            max(case when is_split_off then 1 else 0 end) = 1 as is_split_off,
            max(case when is_used and is_adjusted then 1 else 0 end) = 1 as is_adjusted,
            max(case when is_counted then 1 else 0 end) = 1 as has_strata,
            count(case when is_used then 1 end) as strata,
            count(case when not is_used then 1 end) as dropped_strata,
            {%- for name in ['n1', 'x1', 'n0', 'x0'] %}
            coalesce(sum(case when is_used then {{ activation._as_double(name) }} end), 0) as {{ name }},
            {%- endfor %}
            {%- for name in ['m1', 'm0', 'v1', 'v0'] %}
            max(case when is_used then adjusted_{{ name }} end) as {{ name }},
            {%- endfor %}
            sum(case when is_used then weight * (adjusted_m1 - adjusted_m0) end) as weighted_difference,
            sum(case when is_used then weight * weight * variance end) as weighted_variance,
            sum(case when is_used then weight * (uncut1 - uncut0) end) as uncut_difference,
            sum(case when is_used then weight * (mx1 - mx0) end) as difference_before,
            sqrt(sum(case
                when is_used
                    then weight * weight * (vx1 / nullif(n1, 0) + vx0 / nullif(n0, 0))
            end)) as error_before,
            sum(case when is_used then weight * m1 end) as treated_mean,
            sum(case when is_used then weight * m0 end) as control_mean
        from weighted
        group by holdout, reading, measure, announced_people, cut, skewness

    ),

    levelled as (

        select
            series.*,
            reading = 'early' as is_sequence,
            case
                when reading = 'early'
                    then {{ activation._always_valid_z('(n1 + n0)', 'announced_people') }}
                else 1.959963984540054
            end as z
        from series

    ),

    intervals as (

        {{ activation._lift_intervals('levelled') }}

    ),

    judged as (

        select
            intervals.*,
            coalesce(abs(difference_before) > 3.2905 * error_before, false) as has_differed_before,
            case
                when not has_strata then 'few_people'
                when measure = 'rate' and (n1 < 100 or n0 < 100) then 'few_people'
                when measure = 'rate' and (x1 < 5 or x0 < 5 or n1 - x1 < 5 or n0 - x0 < 5)
                    then 'few_outcomes'
                when n0 < 50 or n1 < 50 then 'few_people'
                when measure = 'value' and not detectable > 0 then 'few_outcomes'
                when
                    measure = 'value'
                    and (case when n0 < n1 then n0 else n1 end) < 10 * skewness * skewness
                    then 'uneven_amounts'
            end as refusal,
            reached1 / nullif(n1, 0) - reached0 / nullif(n0, 0) as reached_share
        from intervals

    ),

    shown as (

        select
            judged.*,
            refusal is null and not is_split_off and not has_differed_before as is_shown
        from judged

    )

    select
        holdout,
        reading,
        measure,
        case
            when is_split_off then 'split_is_off'
            when has_differed_before then 'arms_differed_before'
            when refusal is not null then 'too_few'
            when lower_limit > 0 then 'higher'
            when upper_limit < 0 then 'lower'
            when reading = 'early' then 'no_answer_yet'
            else 'not_shown'
        end as verdict,
        refusal,
        announced_people,
        strata,
        dropped_strata,
        closed1,
        closed0,
        reached1,
        reached0,
        n1,
        x1,
        n0,
        x0,
        treated_mean,
        control_mean,
        difference,
        {%- for name in ['lower_limit', 'upper_limit', 'relative_lower', 'relative_upper'] %}
        case when is_shown then {{ name }} end as {{ name }},
        {%- endfor %}
        {%- for name in ['difference', 'lower_limit', 'upper_limit'] %}
        case when is_shown and reached_share >= 0.2 then {{ name }} / reached_share end as reached_{{ name }},
        {%- endfor %}
        relative_difference,
        detectable,
        cut,
        skewness,
        is_adjusted,
        uncut_difference,
        difference_before,
        error_before,
        z
    from shown
{%- endmacro %}
