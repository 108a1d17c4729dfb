{#- Columns of a select by their name: [kind], or [kind, expression]. Kinds: text, boolean,
    integer, number, day, moment. -#}
{% macro _typed_columns(columns) -%}
    {%- for name, said in columns.items() %}
        {{ activation._typed(said[1] or name, said[0]) }} as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}

{#- A select without a row, with such columns. -#}
{% macro _typed_nothing(columns) -%}
    select
        {%- for name, said in columns.items() %}
        {{ activation._typed('null', said[0]) }} as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from (select 1 as nothing) as nowhere
    where 1 = 0
{%- endmacro %}

{#- An expression as one of these kinds. -#}
{% macro _typed(expression, kind) -%}
    {%- if kind == 'text' -%}
        {{ return(activation._as_text(expression)) }}
    {%- elif kind == 'moment' -%}
        {{ return(activation._as_moment(expression)) }}
    {%- elif kind == 'number' -%}
        {{ return(activation._as_double(expression)) }}
    {%- endif -%}
    {%- set types = {'boolean': dbt.type_boolean(), 'integer': dbt.type_bigint(), 'day': 'date'} -%}
    {{ return('cast(' ~ expression ~ ' as ' ~ types[kind] ~ ')') }}
{%- endmacro %}
