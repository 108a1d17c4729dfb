{#- A table of the state that `python -m sync` keeps beside the models; none before its first run,
    and while dbt parses. -#}
{% macro _state(table) -%}
    {%- if execute -%}
        {{ return(adapter.get_relation(target.database, target.schema ~ '_activation', table)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}
