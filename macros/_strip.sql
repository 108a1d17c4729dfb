{#- Blanks, tabs and line ends taken off both ends; plain trim() only takes blanks. -#}
{% macro _strip(column) -%}
    {{ return(adapter.dispatch('_strip', 'activation')(column)) }}
{%- endmacro %}

{% macro default___strip(column) -%}
    {{ activation._lacks('_strip') }}
{%- endmacro %}

{% macro duckdb___strip(column) -%}
    trim({{ column }}, e' \t\r\n')
{%- endmacro %}

{% macro postgres___strip(column) -%}
    btrim({{ column }}, e' \t\r\n')
{%- endmacro %}

{% macro redshift___strip(column) -%}
    btrim({{ column }}, ' ' || chr(9) || chr(10) || chr(13))
{%- endmacro %}

{% macro snowflake___strip(column) -%}
    trim({{ column }}, ' \t\r\n')
{%- endmacro %}

{% macro bigquery___strip(column) -%}
    trim({{ column }}, ' \t\r\n')
{%- endmacro %}

{% macro spark___strip(column) -%}
    trim(both ' \t\r\n' from {{ column }})
{%- endmacro %}

{% macro trino___strip(column) -%}
    trim(both ' ' || chr(9) || chr(10) || chr(13) from {{ column }})
{%- endmacro %}

{% macro athena___strip(column) -%}
    {{ activation.trino___strip(column) }}
{%- endmacro %}
