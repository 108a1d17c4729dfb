{#- The common table expressions that compare each mix of the last 91 days with the one a week before.
    A row of `mix` is a `part` of what `keys` name, on a day, with its `size`. The last of them,
    `compared`, has the keys, day, parts, size, size_week_ago, stability_index, chance_floor and
    moved_share. -#}
{% macro _mix_distances(mix, keys, part, size) -%}
{%- set quantiles = [10.8276, 13.8155, 16.2662, 18.4668, 20.5150] -%}
{%- set key = keys | join(', ') -%}
{%- set same = [] -%}
{%- for name in keys + ['day'] -%}
    {%- do same.append('sums.' ~ name ~ ' = {other}.' ~ name) -%}
{%- endfor -%}
{%- set same = same | join(' and ') -%}
mixes as (

    select
        {{ key }},
        {{ part }} as part,
        day,
        {{ size }} as size,
        0 as size_week_ago
    from {{ mix }}
    union all
    select
        {{ key }},
        {{ part }} as part,
        {{ activation._add_days('day', 7) }} as day,
        0 as size,
        {{ size }} as size_week_ago
    from {{ mix }}

),

paired as (

    select
        {{ key }},
        part,
        day,
        sum(size) as size,
        sum(size_week_ago) as size_week_ago
    from mixes
    where day >= {{ activation._last_day(90) }} and day <= {{ activation._last_day() }}
    group by {{ key }}, part, day

),

sums as (

    select
        {{ key }},
        day,
        count(*) as parts,
        sum(size) as size,
        sum(size_week_ago) as size_week_ago
    from paired
    group by {{ key }}, day
    having count(*) >= 2 and sum(paired.size) > 0 and sum(paired.size_week_ago) > 0

),

shares as (

    select
        {%- for name in keys %}
        paired.{{ name }},
        {%- endfor %}
        paired.day,
        (paired.size_week_ago + 0.5)
        / {{ activation._as_double('sums.size_week_ago + 0.5 * sums.parts') }} as before,
        (paired.size + 0.5)
        / {{ activation._as_double('sums.size + 0.5 * sums.parts') }} as now,
        abs(
            {{ activation._as_double('paired.size_week_ago') }} / sums.size_week_ago
            - {{ activation._as_double('paired.size') }} / sums.size
        ) as distance
    from paired
    inner join sums on {{ same | replace('{other}', 'paired') }}

),

distances as (

    select
        {{ key }},
        day,
        sum((before - now) * ln(before / now)) as stability_index,
        0.5 * sum(distance) as moved_share
    from shares
    group by {{ key }}, day

),

compared as (

    select
        {%- for name in keys %}
        sums.{{ name }},
        {%- endfor %}
        sums.day,
        cast(sums.parts as integer) as parts,
        cast(sums.size as bigint) as size,
        cast(sums.size_week_ago as bigint) as size_week_ago,
        {{ activation._as_double('distances.stability_index') }} as stability_index,
        {{ activation._as_double('distances.moved_share') }} as moved_share,
        case sums.parts
            {%- for quantile in quantiles %}
            when {{ loop.index + 1 }} then {{ activation._as_double(quantile) }}
            {%- endfor %}
        end * (
            1 / {{ activation._as_double('sums.size_week_ago') }}
            + 1 / {{ activation._as_double('sums.size') }}
        ) as chance_floor
    from sums
    inner join distances on {{ same | replace('{other}', 'distances') }}

)
{%- endmacro %}

{#- What a comparison of `_mix_distances` amounts to. -#}
{% macro _mix_verdict() -%}
    when chance_floor is null then 'learning'
    when stability_index > 0.10 and stability_index > chance_floor then 'alarm'
    when stability_index > 0.02 and stability_index > chance_floor then 'note'
    else 'usual'
{%- endmacro %}
