{#- The day a run looks at, or a day so many before it, as a typed date: the var `as_of`, else the
    day the run started, in UTC.

    It comes from the run and not from the database's clock, so that all models of one run agree
    even when it crosses midnight, and a past day can be built again. -#}
{% macro as_of(days_ago=0) -%}
    {%- set day = activation._as_of_day() - modules.datetime.timedelta(days=days_ago) -%}
    cast('{{ day.strftime('%Y-%m-%d') }}' as date)
{%- endmacro %}

{#- The day as Python has it, at midnight. -#}
{% macro _as_of_day() -%}
    {%- set day = var('as_of', none) -%}
    {%- set text = (day if day is not none else run_started_at.strftime('%Y-%m-%d')) | string -%}
    {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', text) -%}
        {{ exceptions.raise_compiler_error(
            "the var `as_of` is `" ~ text ~ "`, which is not a day."
            ~ " fix: write it as year-month-day, for example --vars 'as_of: 2024-05-21'"
        ) }}
    {%- endif -%}
    {{ return(modules.datetime.datetime.strptime(text, '%Y-%m-%d')) }}
{%- endmacro %}
