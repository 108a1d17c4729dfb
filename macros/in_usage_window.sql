{#- True from `opens_after` to `closes_after` days after a delivery, both included: long enough to
    have used the thing, short enough to remember it. Never null. See usage_window(). -#}
{% macro in_usage_window(delivered, opens_after=7, closes_after=14) -%}
    {{ activation.usage_window(delivered, opens_after, closes_after) }} = 'open'
{%- endmacro %}
