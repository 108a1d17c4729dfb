{#- From dbt-bigquery 1.12.1, Apache 2.0, unchanged: what dbt's own macros become on this warehouse. -#}
{% macro bigquery__dateadd(datepart, interval, from_date_or_timestamp) %}

        datetime_add(
            cast( {{ from_date_or_timestamp }} as datetime),
        interval {{ interval }} {{ datepart }}
        )

{% endmacro %}
{% macro bigquery__datediff(first_date, second_date, datepart) -%}

  {% if dbt_version[0] == 1 and dbt_version[2] >= 2 %}
    {{ return(dbt.datediff(first_date, second_date, datepart)) }}
  {% else %}

    datetime_diff(
        cast({{second_date}} as datetime),
        cast({{first_date}} as datetime),
        {{datepart}}
    )

  {% endif %}

{%- endmacro %}
{% macro bigquery__position(substring_text, string_text) %}

    strpos(
        {{ string_text }},
        {{ substring_text }}

    )

{%- endmacro -%}
