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
    {%- set kinds = {} -%}
    {%- for column in columns -%}
        {%- do kinds.update({column: ['text']}) -%}
    {%- endfor %}
    {{ activation._typed_nothing(kinds) }}
    {%- endfor %}
{%- endmacro %}
