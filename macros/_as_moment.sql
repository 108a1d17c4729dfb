{#- A column as a moment without a zone, which stands for UTC. -#}
{% macro _as_moment(column) -%}
    {{ return(adapter.dispatch('_as_moment', 'activation')(column)) }}
{%- endmacro %}

{% macro default___as_moment(column) -%}
    cast({{ column }} as timestamp)
{%- endmacro %}

{% macro snowflake___as_moment(column) -%}
    cast({{ column }} as timestamp_ntz)
{%- endmacro %}

{#- dbt.dateadd makes a datetime there, and a datetime can't be compared with a timestamp. -#}
{% macro bigquery___as_moment(column) -%}
    cast({{ column }} as datetime)
{%- endmacro %}

{#- A plain timestamp has three digits of a second there, and other tables' have six. -#}
{% macro trino___as_moment(column) -%}
    cast({{ column }} as timestamp(6))
{%- endmacro %}

{% macro athena___as_moment(column) -%}
    {{ activation.trino___as_moment(column) }}
{%- endmacro %}
