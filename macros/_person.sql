{#- The person whom a column names, as text and as guardrails compare people: without white space
    around it, an e-mail address in lower case. -#}
{% macro _person(column) -%}
    {%- set text = activation._strip(activation._as_text(column)) -%}
    case when {{ text }} like '%@%' then lower({{ text }}) else {{ text }} end
{%- endmacro %}
