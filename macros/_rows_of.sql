{#- One row per text in `values`, in a column `name`; no row when there are none. -#}
{% macro _rows_of(values, name) -%}
    {%- for value in values %}
    select {{ activation._text(value) }} as {{ name }}
    {{- '\nunion all' if not loop.last }}
    {%- else %}
    select cast(null as {{ dbt.type_string() }}) as {{ name }}
    where 1 = 0
    {%- endfor %}
{%- endmacro %}
