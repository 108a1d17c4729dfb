{#- The day in UTC up to which logs are read, as a typed date, or a day so many before it: that of
    the last second before as_of_time(). -#}
{% macro _last_day(days_ago=0) -%}
    {%- set before = modules.datetime.timedelta(days=days_ago, seconds=1) -%}
    cast('{{ (activation._as_of_moment() - before).strftime('%Y-%m-%d') }}' as date)
{%- endmacro %}
