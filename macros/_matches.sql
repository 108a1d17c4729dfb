{#- True where a text matches a regular expression, which is to begin with ^ and end with $ and
    hold no backslash and no quote. -#}
{% macro _matches(column, pattern) -%}
    {{ return(adapter.dispatch('_matches', 'activation')(column, pattern)) }}
{%- endmacro %}

{% macro default___matches(column, pattern) -%}
    {{ activation._lacks('_matches') }}
{%- endmacro %}

{% macro duckdb___matches(column, pattern) -%}
    regexp_matches({{ column }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres___matches(column, pattern) -%}
    {{ column }} ~ '{{ pattern }}'
{%- endmacro %}

{% macro snowflake___matches(column, pattern) -%}
    regexp_like({{ column }}, '{{ pattern }}')
{%- endmacro %}

{% macro bigquery___matches(column, pattern) -%}
    regexp_contains({{ column }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark___matches(column, pattern) -%}
    {{ column }} rlike '{{ pattern }}'
{%- endmacro %}

{% macro trino___matches(column, pattern) -%}
    regexp_like({{ column }}, '{{ pattern }}')
{%- endmacro %}

{% macro athena___matches(column, pattern) -%}
    {{ activation.trino___matches(column, pattern) }}
{%- endmacro %}
