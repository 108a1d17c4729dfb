{#- The holdouts of the var `activation` that name an outcome, each with name, outcome, measure,
    window and settle (as [number, unit]), and people. -#}
{% macro _measured_holdouts() -%}
    {%- set written = (var('activation', {}) or {}).get('holdouts') or {} -%}
    {%- set found = [] -%}
    {%- for name, holdout in written.items() if holdout is mapping and holdout.get('outcome') -%}
        {%- do found.append({
            'name': name,
            'outcome': holdout.outcome,
            'measure': holdout.get('measure', 'rate'),
            'window': activation._span(holdout.get('window', '14 days'), name),
            'settle': activation._span(holdout.get('settle', '2 days'), name),
            'people': holdout.get('people', 10000)
        }) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- The number and the unit of a length of time. -#}
{% macro _span(text, holdout) -%}
    {%- if not modules.re.match('^[1-9][0-9]{0,4} (minute|hour|day)s?$', text | string) -%}
        {{ exceptions.raise_compiler_error(
            "the holdout `" ~ holdout ~ "` of the var `activation` has a length of time `" ~ text
            ~ "`. fix: write a number and minutes, hours or days, for example 14 days"
        ) }}
    {%- endif -%}
    {%- set number, unit = text.split(' ') -%}
    {{ return([number | int, unit if unit[-1] != 's' else unit[:-1]]) }}
{%- endmacro %}

{#- A moment so long after (`sign` 1) or before (-1) another one. -#}
{% macro _after(moment, span, sign=1) -%}
    {{ activation._as_moment(dbt.dateadd(span[1], sign * span[0], moment) | trim) }}
{%- endmacro %}
