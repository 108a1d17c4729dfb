{#- One row per list of texts in `rows`, under the names in `columns`; no row when there are none. -#}
{% macro _records(rows, columns) -%}
    {%- for row in rows %}
    select
        {%- for value in row %}
        {{ activation._text(value) }} as {{ columns[loop.index0] }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    {{- '\nunion all' if not loop.last }}
    {%- else %}
    select
        {%- for column in columns %}
        {{ activation._as_text('null') }} as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from (select 1 as nothing) as nowhere
    where 1 = 0
    {%- endfor %}
{%- endmacro %}
