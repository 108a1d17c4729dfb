{#- The day a run looks at, as a typed date: the var `as_of`, else the day the run started, in UTC.

    It comes from the run and not from the database's clock, so that all models of one run agree
    even when it crosses midnight, and a past day can be built again. -#}
{% macro as_of() -%}
    {%- set day = var('as_of', none) -%}
    {%- set text = (day if day is not none else run_started_at.strftime('%Y-%m-%d')) | string -%}
    {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', text) -%}
        {{ exceptions.raise_compiler_error(
            "the var `as_of` is `" ~ text ~ "`, which is not a day."
            ~ " fix: write it as year-month-day, for example --vars 'as_of: 2024-05-21'"
        ) }}
    {%- endif -%}
    cast('{{ text }}' as date)
{%- endmacro %}
