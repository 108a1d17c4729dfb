{#- A text without everything that matches a regular expression, which is to hold no backslash and
    no quote. -#}
{% macro _without(column, pattern) -%}
    {{ return(adapter.dispatch('_without', 'activation')(column, pattern)) }}
{%- endmacro %}

{% macro default___without(column, pattern) -%}
    regexp_replace({{ column }}, '{{ pattern }}', '')
{%- endmacro %}

{% macro duckdb___without(column, pattern) -%}
    regexp_replace({{ column }}, '{{ pattern }}', '', 'g')
{%- endmacro %}

{% macro postgres___without(column, pattern) -%}
    regexp_replace({{ column }}, '{{ pattern }}', '', 'g')
{%- endmacro %}

{% macro redshift___without(column, pattern) -%}
    regexp_replace({{ column }}, '{{ pattern }}', '')
{%- endmacro %}
