{#- A text literal, with quotes inside it escaped as the warehouse wants. -#}
{% macro _text(value) -%}
    {{ dbt.string_literal(dbt.escape_single_quotes(value | string)) }}
{%- endmacro %}
