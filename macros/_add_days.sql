{#- A date so many days after another. -#}
{% macro _add_days(column, days) -%}
    cast({{ dbt.dateadd('day', days, column) | trim }} as date)
{%- endmacro %}
