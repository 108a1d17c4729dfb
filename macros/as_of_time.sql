{#- The moment a run looks from, or one so many hours before it, as a timestamp in UTC: the var
    `as_of_time`; else, where the var `as_of` names a day, the end of that day; else the moment at
    which the run started. -#}
{% macro as_of_time(hours_ago=0) -%}
    {%- set moment = activation._as_of_moment() - modules.datetime.timedelta(hours=hours_ago) -%}
    {{ activation._as_moment("'" ~ moment.strftime('%Y-%m-%d %H:%M:%S') ~ "'") }}
{%- endmacro %}

{#- The moment as Python has it. -#}
{% macro _as_of_moment() -%}
    {%- set moment = var('as_of_time', none) -%}
    {%- if moment is none and var('as_of', none) is not none -%}
        {{ return(activation._as_of_day() + modules.datetime.timedelta(days=1)) }}
    {%- endif -%}
    {%- set form = '%Y-%m-%d %H:%M:%S' -%}
    {%- set text = (moment if moment is not none else run_started_at.strftime(form)) | string -%}
    {%- if not modules.re.match(
        '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$', text
    ) -%}
        {{ exceptions.raise_compiler_error(
            "the var `as_of_time` is `" ~ text ~ "`, which is not a moment. fix: write it as"
            ~ " year-month-day hour:minute:second in UTC,"
            ~ " for example --vars 'as_of_time: \"2024-05-21 09:30:00\"'"
        ) }}
    {%- endif -%}
    {{ return(modules.datetime.datetime.strptime(text, form)) }}
{%- endmacro %}
