{#- One row per text in `values`, in a column `name`; no row when there are none. -#}
{% macro _rows_of(values, name) -%}
    {%- for value in values %}
    select {{ activation._text(value) }} as {{ name }}
    {{- '\nunion all' if not loop.last }}
    {%- else %}
    select {{ activation._as_text('null') }} as {{ name }}
    from (select 1 as nothing) as nowhere
    where 1 = 0
    {%- endfor %}
{%- endmacro %}
