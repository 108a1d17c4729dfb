{#- A number in double precision. -#}
{% macro _as_double(column) -%}
    {{ return(adapter.dispatch('_as_double', 'activation')(column)) }}
{%- endmacro %}

{% macro default___as_double(column) -%}
    cast({{ column }} as double precision)
{%- endmacro %}

{% macro bigquery___as_double(column) -%}
    cast({{ column }} as float64)
{%- endmacro %}

{% macro spark___as_double(column) -%}
    cast({{ column }} as double)
{%- endmacro %}

{% macro trino___as_double(column) -%}
    cast({{ column }} as double)
{%- endmacro %}

{% macro athena___as_double(column) -%}
    {{ activation.trino___as_double(column) }}
{%- endmacro %}
