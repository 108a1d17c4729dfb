{#- Blanks, tabs and line ends taken off both ends; plain trim() only takes blanks. -#}
{% macro _strip(column) -%}
    {{ return(adapter.dispatch('_strip', 'activation')(column)) }}
{%- endmacro %}

{% macro default___strip(column) -%}
    {{ exceptions.raise_compiler_error(
        "_strip is not written for " ~ target.type
        ~ "; add " ~ target.type ~ "___strip in macros/_strip.sql"
    ) }}
{%- endmacro %}

{% macro duckdb___strip(column) -%}
    trim({{ column }}, e' \t\r\n')
{%- endmacro %}

{% macro postgres___strip(column) -%}
    btrim({{ column }}, e' \t\r\n')
{%- endmacro %}
