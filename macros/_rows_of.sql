{#- One row per text in `values`, in a column `name`; no row when there are none. -#}
{% macro _rows_of(values, name) -%}
    {%- set rows = [] -%}
    {%- for value in values -%}
        {%- do rows.append([value]) -%}
    {%- endfor -%}
    {{ activation._records(rows, [name]) }}
{%- endmacro %}
