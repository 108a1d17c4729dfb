{#- From dbt-databricks 1.12.8, Apache 2.0, unchanged: what dbt's own macros become on this warehouse. -#}
{% macro databricks__dateadd(datepart, interval, from_date_or_timestamp) %}
  {%- if adapter.has_dbr_capability('timestampdiff') -%}
    timestampadd({{datepart}}, {{interval}}, {{from_date_or_timestamp}})
  {%- else -%}
    {{ spark__dateadd(datepart, interval, from_date_or_timestamp) }}
  {%- endif -%}
{%- endmacro %}
{% macro databricks__datediff(first_date, second_date, datepart) %}
  {%- if adapter.has_dbr_capability('timestampdiff') -%}
    timestampdiff({{datepart}}, {{date_trunc(datepart, first_date)}}, {{date_trunc(datepart, second_date)}})
  {%- else -%}
    {{ spark__datediff(first_date, second_date, datepart) }}
  {%- endif -%}
{%- endmacro %}
