{#- Text literals, separated by commas. `values` is a list, or one text. -#}
{% macro _texts(values) -%}
    {%- for value in ([values] if values is string else values) -%}
        {{ activation._text(value) }}
        {{- ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
