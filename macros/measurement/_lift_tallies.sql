{#- A select of what is counted of a holdout's people: one row for each holdout, reading (`early`:
    everybody whose window has closed; `planned`: the announced number, once their windows have),
    measure (`rate`, `value`) and stratum (drawn_percent, and phase between two releases).

    `people` has one row for each holdout and person, as the model activation__holdout_people.

    Amounts above the 99.9 % quantile (nearest rank) of all people of a reading, zeros included,
    count as that; so do those of the window before. Variances and skewness are of centred sums. -#}
{% macro _lift_tallies(people) -%}
    with

    announced as (

        select holdout
        from {{ people }} as people
        where is_closed and person_number <= announced_people
        group by holdout, announced_people
        having count(*) >= announced_people

    ),

    readings as (

        select
            people.*,
            'early' as reading
        from {{ people }} as people
        where is_closed
        union all
        select
            people.*,
            'planned' as reading
        from {{ people }} as people
        inner join announced on people.holdout = announced.holdout
        where people.person_number <= people.announced_people

    ),

    measured as (

        select
            readings.*,
            'rate' as measure,
            {{ activation._as_double('case when has_outcome then 1 else 0 end') }} as found,
            {{ activation._as_double('case when had_outcome then 1 else 0 end') }} as found_before
        from readings
        union all
        select
            readings.*,
            'value' as measure,
            {{ activation._as_double('value') }} as found,
            {{ activation._as_double('value_before') }} as found_before
        from readings
        where value is not null

    ),

    ranked as (

        select
            holdout,
            reading,
            found,
            found_before,
            row_number() over (partition by holdout, reading order by found) as found_rank,
            row_number() over (partition by holdout, reading order by found_before) as before_rank,
            count(*) over (partition by holdout, reading) as size
        from measured
        where measure = 'value' and is_kept

    ),

    cuts as (

        select
            holdout,
            reading,
            'value' as measure,
            min(case when 1000 * found_rank >= 999 * size then found end) as cut,
            min(case when 1000 * before_rank >= 999 * size then found_before end) as cut_before
        from ranked
        group by holdout, reading

    ),

    samples as (

        select
            measured.holdout,
            measured.reading,
            measured.measure,
            measured.drawn_percent,
            measured.phase,
            measured.announced_people,
            measured.arm,
            measured.is_kept,
            measured.is_reached,
            measured.found as uncut,
            cuts.cut,
            case when measured.found > cuts.cut then cuts.cut else measured.found end as y,
            case
                when measured.found_before > cuts.cut_before then cuts.cut_before
                else measured.found_before
            end as x
        from measured
        left join cuts
            on
                measured.holdout = cuts.holdout
                and measured.reading = cuts.reading
                and measured.measure = cuts.measure

    ),

    wholes as (

        select
            holdout,
            reading,
            measure,
            avg(y) as mean
        from samples
        where is_kept
        group by holdout, reading, measure

    ),

    skews as (

        select
            samples.holdout,
            samples.reading,
            samples.measure,
            avg(power(y - mean, 3)) / nullif(power(avg(power(y - mean, 2)), 1.5), 0) as skewness
        from samples
        inner join wholes
            on
                samples.holdout = wholes.holdout
                and samples.reading = wholes.reading
                and samples.measure = wholes.measure
        where samples.is_kept
        group by samples.holdout, samples.reading, samples.measure

    ),

    means as (

        select
            holdout,
            reading,
            measure,
            drawn_percent,
            phase,
            announced_people,
            cut,
            {%- for arm, i in [('treated', 1), ('control', 0)] %}
            count(case when arm = '{{ arm }}' then 1 end) as closed{{ i }},
            count(case when arm = '{{ arm }}' and is_kept then 1 end) as n{{ i }},
            sum(case
                when arm = '{{ arm }}' and is_kept and is_reached then 1
                when arm = '{{ arm }}' and is_kept and not is_reached then 0
            end) as reached{{ i }},
            sum(case when arm = '{{ arm }}' and is_kept then y else 0.0 end) as x{{ i }},
            avg(case when arm = '{{ arm }}' and is_kept then y end) as m{{ i }},
            avg(case when arm = '{{ arm }}' and is_kept then x end) as mx{{ i }},
            avg(case when arm = '{{ arm }}' and is_kept then uncut end) as uncut{{ i }},
            {%- endfor %}
            avg(case when is_kept then x end) as mx
        from samples
        group by holdout, reading, measure, drawn_percent, phase, announced_people, cut

    ),

    spreads as (

        select
            samples.holdout,
            samples.reading,
            samples.measure,
            samples.drawn_percent,
            samples.phase,
            {%- for arm, i in [('treated', 1), ('control', 0)] %}
            {%- set y, x = '(y - m' ~ i ~ ')', '(x - mx' ~ i ~ ')' %}
            {%- for name, product in [('v', y ~ ' * ' ~ y), ('vx', x ~ ' * ' ~ x), ('c', x ~ ' * ' ~ y)] %}
            sum(case when arm = '{{ arm }}' then {{ product }} end) as s{{ name }}{{ i }}
            {{- ',' if not (loop.last and i == 0) }}
            {%- endfor %}
            {%- endfor %}
        from samples
        inner join means
            on
                samples.holdout = means.holdout
                and samples.reading = means.reading
                and samples.measure = means.measure
                and samples.drawn_percent = means.drawn_percent
                and samples.phase = means.phase
        where samples.is_kept
        group by
            samples.holdout, samples.reading, samples.measure, samples.drawn_percent, samples.phase

    )

    select
        means.*,
        {%- for i in [1, 0] %}
        {%- for name in ['v', 'vx', 'c'] %}
        s{{ name }}{{ i }} / nullif(n{{ i }} - 1, 0) as {{ name }}{{ i }},
        {%- endfor %}
        {%- endfor %}
        skews.skewness
    from means
    left join spreads
        on
            means.holdout = spreads.holdout
            and means.reading = spreads.reading
            and means.measure = spreads.measure
            and means.drawn_percent = spreads.drawn_percent
            and means.phase = spreads.phase
    left join skews
        on
            means.holdout = skews.holdout
            and means.reading = skews.reading
            and means.measure = skews.measure
{%- endmacro %}
