{#- Whole calendar days from a date or timestamp to the day a run looks at; negative for later
    days, null for a null. A column that counts days changes every day: name it in
    `ignore_changes`, or send a band of it. -#}
{% macro days_since(column) -%}
    {{ dbt.datediff('cast(' ~ column ~ ' as date)', activation.as_of(), 'day') | trim }}
{%- endmacro %}
